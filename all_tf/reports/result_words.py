"""A result in words: one sentence that says what its set was used for before, and warnings."""

from collections.abc import Iterator, Mapping
from typing import Any

from all_tf.metrics.bootstrap import LEAST_GROUPS
from all_tf.metrics.formatting import not_estimable
from all_tf.runs.records_label import is_cnmc
from all_tf.runs.set_words import set_in_words
from all_tf.runs.stamps import CHOSEN_BY_PARENT, LEARNT_BY_PARENT, OPTIMISTIC
from all_tf.system.tables import per_cent
from tfrecords.class_names import class_names_of
from tfrecords.counted import counted

# What was done with the images of a set, by the caveat that says so; the first that applies.
_SEEN = {
    "resubstitution": "on which the network was trained, so that it says nothing about new ones",
    LEARNT_BY_PARENT: "of which the network it began from has learnt some",
    OPTIMISTIC: "on which the epoch was chosen, so that it will do worse on new patients",
    CHOSEN_BY_PARENT: "on which the epoch of the network that it began from was chosen",
    "leaky folds": "of whom it may have met some under other ids",
    "patient ids of the selection set": "of whom some may be those that its epoch was chosen on",
    "patient ids of the training set": "of whom it may have met some: they share ids",
    "patient ids of its parent": "of whom it may have met some: they share ids",
    "training images unknown": "of which it may have learnt some",
    "training images of its parent unknown": "of which it may have learnt some",
}
_UNSEEN = "on which nothing was learnt or chosen"
_AREA_AUC = 0.88  # Of cell area alone, on patients of C-NMC 2019; docs/decisions/0010-scratch.md.


def parent_words(parent: Mapping[str, Any]) -> str:
    """What a run began from, in words, of `parent` in its config.json: a run, or a file."""
    if "run" not in parent:
        return f"the file {parent['file']}, whose training images are unknown"
    return f"the run {parent['run']}, trained on {parent['records'] or 'other records'}"


def scoring_in_words(report: Mapping[str, Any]) -> str:
    """What a set was scored with beside the network, as in ", mean of 8 views"; mostly nothing."""
    by = f", calibrated by {report['calibration']}" if "calibration" in report else ""
    views = report.get("tta", 1)
    return by if views == 1 else f"{by}, mean of {views} views"


def result_sentence(report: Mapping[str, Any]) -> str:
    """The result on a set in one sentence, with what the set was used for before.

    Args:
        report: With labels, as a metrics.json holds it.
    """
    seen = next((text for stamp, text in _SEEN.items() if stamp in report["stamps"]), _UNSEEN)
    negative, positive = class_names_of(report)
    shares = [
        f"{per_cent(report[key])} % of {name}"
        for key, name in (("sensitivity", positive), ("specificity", negative))
        if report[key] is not None  # A set may have cells of one class only.
    ]
    return (
        f"Result ({set_in_words(report)}): of {counted(report['num_images'], 'cell')} of "
        f"{counted(report['num_patients'], 'patient')}, {seen}, {' and '.join(shares)} are called "
        "right."
    )


def epochs_in_words(report: Mapping[str, Any]) -> str | None:
    """The epoch that was kept, "7"; of a cross-validation that of each fold, "1, 2, 2, 1, 1".

    Args:
        report: As a metrics.json holds it. An ensemble has no epoch: None.
    """
    if "best_epochs" in report:
        return ", ".join(map(str, report["best_epochs"]))
    return None if report["best_epoch"] is None else str(report["best_epoch"])


def result_warnings(report: Mapping[str, Any]) -> Iterator[str]:
    """Each reason to distrust a result that the result itself shows, as a sentence.

    Args:
        report: With labels, as a metrics.json holds it.
    """
    negative, positive = class_names_of(report)
    ratios = report["sensitivity"], report["specificity"]
    for of_one_class, called in (((1, 0), positive), ((0, 1), negative)):
        if ratios == of_one_class:
            yield f"all cells are called {called}: the network tells nothing apart"
    if (low := report.get("kappa_low")) is not None and low <= 0 and set(ratios) != {0, 1}:
        yield "with other patients it may be no better than chance: the interval of kappa meets 0"
    auc_low = report.get("auc_low")
    if is_cnmc(report) and auc_low is not None and auc_low <= _AREA_AUC:
        yield (
            "not shown to be better than cell area alone, whose AUROC on C-NMC 2019 is about "
            f"{_AREA_AUC}; probe.py compares both on the same cells"
        )
    if reason := not_estimable(report):
        yield (
            f"few patients: no interval is estimable ({reason.removeprefix('not estimable: ')}; "
            f"it takes {LEAST_GROUPS} of each class)"
        )
