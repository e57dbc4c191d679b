"""A run in sentences: the verdict, the caveats, the data, the scores."""

import shlex
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from all_tf.metrics.bootstrap import LEAST_GROUPS
from all_tf.metrics.formatting import basis_of_intervals, not_estimable
from all_tf.metrics.scored_set import ScoredSet
from all_tf.reports.result_words import parent_words, scoring_in_words
from all_tf.reports.run_facts import RunFacts
from all_tf.reports.training_source import Source
from all_tf.runs.records_label import is_cnmc, records_label
from all_tf.runs.stamps import CHOSEN_AMONG, LEARNT_BY_PARENT
from all_tf.system.tables import per_cent
from tfrecords.class_names import CNMC_CLASSES, class_names_of
from tfrecords.counted import counted

STAMPS = {  # What each caveat means for a reader of the metrics.
    "optimistic": "The epoch, and the threshold if one was fitted, were chosen on these same "
    "images. On new patients, expect worse results.",
    "resubstitution": "The network was trained on images of this set. The metrics show what it "
    "remembers, not how good it would be on a new patient.",
    "leaky folds": "The published folds list one person under several patient ids. The network may "
    "have been trained on people that it is evaluated on.",
    "not calibrated": "The scores could not be turned into probabilities on the selection set. "
    "They only order the cells.",
    "patient ids of the selection set": "Some patients have ids that also occur in the set that "
    "the epoch was chosen on. If they are the same people, expect worse results on new patients.",
    "patient ids of the training set": "Some patients have ids that also occur in the training "
    "set. If they are the same people, expect worse results on new patients.",
    "training images unknown": "The run does not say which images it was trained on, so some of "
    "these may be among them.",
    "learnt by its parent": "The network began from that of another run, which was trained on "
    "images, or on people, of this set. The metrics show in part what it remembers.",
    "selection set of its parent": "The network began from that of another run, whose epoch was "
    "chosen on images, or on people, of this set. On new patients, expect worse results.",
    "patient ids of its parent": "The network began from that of another run, and some patients "
    "have ids that also occur in that run's training set. If they are the same people, expect "
    "worse results on new patients.",
    "training images of its parent unknown": "The network began from another trained one, of which "
    "nobody can say on which images it was trained, so some of these may be among them.",
    "patient ids of its calibration": "The calibration was fitted on other images of patients with "
    "these ids. If they are the same people, expect worse results on new patients.",
    "each image its own patient": "It is unknown which of these images are of the same patient, so "
    "no interval can say how much a metric would change with other patients.",
    "other classes": "The network learnt to tell other classes apart. Its positive class is "
    "compared with the positive class of these images, which may be something else.",
}

_OF_SWEEP = (
    "A sweep tried so many settings on folds of the training patients, and these were the best "
    "there. The metrics of those folds are better than new patients will find; a set that the "
    "sweep has not seen is not affected."
)
_SETS = {"validation": "the validation set", "train": "all training images"}
_PHASE = "the preliminary phase"  # What C-NMC calls its validation set.
_PER_CENT = "\u00a0%"  # With a no-break space.


def name_set(scored: ScoredSet, *, limit: int | None = None) -> str:
    """A set in words, as in "fold 0 of the training images, mean of 8 views".

    Args:
        scored: The set.
        limit: Most images that were scored of it; None if no image was left out.
    """
    report = scored.report
    name = _SETS.get(report["split"], f"the {report['split']} set")
    if report["split"] == "validation" and is_cnmc(report):
        name = _PHASE
    if "best_epochs" in report:
        name = "all training images, out of fold"
    if report["fold"] is not None:
        name = f"fold {report['fold']} of the training images"
    if limit is not None:
        name = f"{len(scored.predictions):,} images of {name.removeprefix('all ')}"
    return name + scoring_in_words(report)


def run_verdict(run: RunFacts) -> str:
    """The result on the evaluated set in one sentence."""
    report, count = run.evaluated.report, run.evaluated.count
    who, classes = "they" if run.num_folds else "it", class_names_of(report)
    positive, negative = f"the cells of {classes.positive}", f"those of {classes.negative}"
    if classes == CNMC_CLASSES:
        positive, negative = "the leukaemic", "the normal ones"
    return (
        f"Of {counted(count.cells, 'cell')} of {counted(count.patients, 'patient')}"
        f"{_how_known(run)}, {who} called "
        f"{per_cent(report['sensitivity'])}{_PER_CENT} of {positive} and "
        f"{per_cent(report['specificity'])}{_PER_CENT} of {negative} correctly."
    )


def _how_known(run: RunFacts) -> str:
    stamps = run.evaluated.report["stamps"]
    if run.num_folds:
        return f", each scored by the one of {run.num_folds} networks not trained on the patient"
    if "resubstitution" in stamps:
        return " that it was trained on"
    if LEARNT_BY_PARENT in stamps:
        return ", on some of which the run that it began from was trained"
    if "optimistic" in stamps:
        return " on whom its epoch was chosen"
    if "leaky folds" in stamps:
        return ", on some of whom it may have been trained"
    return " that it was not trained on"


def about_intervals(report: Mapping) -> str:
    """What the intervals are based on, or why there are none."""
    if reason := not_estimable(report):
        return f"Intervals over patients are {reason}."
    return f"Intervals: {basis_of_intervals(report)}, resampled within their class."


def run_warnings(run: RunFacts) -> Iterator[tuple[str, str]]:
    """Each caveat of the metrics with its meaning, and what else a reader has to know first."""
    report = run.evaluated.report
    negative, positive = class_names_of(report)
    for stamp, meaning in stamps_in_words([report]):
        yield stamp.capitalize(), meaning
    if run.source and run.source.of_cnmc and run.source.published == 0:
        yield (
            "Not the published images",
            "None of these images is byte for byte one of C-NMC 2019: they are synthetic or "
            "altered. The metrics say nothing about the published cells.",
        )
    if run.probes and not (run.probes["margin_low"] or 0) > 0:
        yield "Not shown to beat a shortcut", run.probes["verdict"]
    if not_estimable(report):
        yield (
            "No interval can be given",
            f"These cells are of {_groups(report, 'all')} of {positive} and "
            f"{_groups(report, 'hem')} of {negative} (ids of the same person are counted once). "
            "That is too few to say how much the metrics would change with other patients: it "
            f"takes at least {LEAST_GROUPS} of each, better fifteen.",
        )


def stamps_in_words(reports: Iterable[Mapping]) -> Iterator[tuple[str, str]]:
    """Every caveat of some reports, once, with its meaning."""
    for stamp in dict.fromkeys(stamp for report in reports for stamp in report["stamps"]):
        meaning = _OF_SWEEP if stamp.startswith(CHOSEN_AMONG) else STAMPS.get(stamp)
        yield stamp, meaning or "Read these metrics with care."


def _groups(report: Mapping, name: str) -> str:
    """The number of patient groups in words: ids of the same person are counted once."""
    return counted(report[f"num_groups_{name}"], "patient")


def about_data(run: RunFacts) -> Iterator[str]:
    """How the sets were divided, and whether their images are the published ones."""
    yield _about_selection(run)
    if parent := run.config.get("parent"):
        yield (
            f"The network began from that of {parent_words(parent)}. Images and patients of the "
            "evaluated sets were compared with those that it had learnt from, as far as they are "
            "known; where some are the same, or nobody can say, the metrics carry a caveat."
        )
    if run.config["folds"] == "grouped":
        yield (
            "No patient is on both sides of a split: the folds divide no patient group, and two "
            "patient ids that share an image are one group."
        )
    if run.experiment.limit_train:
        yield f"At most {run.experiment.limit_train:,} images were used for training."
    if run.source is None:
        yield (
            "The records of the training images were not found, or have changed. With --records "
            "DIR, this report counts their patients and compares the images with the published "
            "ones."
        )
    else:
        yield _about_records(run.source, records_label(run.config))


def _about_selection(run: RunFacts) -> str:
    """What the network, or the networks, learnt from and were chosen on."""
    if run.num_folds:
        return (
            f"{run.num_folds} networks. Each was trained on all folds but one and evaluated on "
            f"that one, on which its epoch was also chosen. {_together(run)}"
        )
    if not run.experiment.chooses:
        return (
            "The network was trained on all training images. The number of epochs, the threshold "
            "and the calibration were chosen by networks that were each trained without one fold. "
            "Its results on training images show what it remembers."
        )
    if run.experiment.protocol == "honest":
        return (
            f"The network was trained on all folds but fold {run.experiment.fold}, and its epoch "
            "was chosen on that fold. No other evaluated set was used to choose anything."
        )
    return (
        "The network was trained on all training images, and its epoch was chosen on "
        f"{_PHASE if is_cnmc(run.config) else _SETS['validation']}, as in the study of 2021: "
        "its metrics there are optimistic."
    )


def _about_records(source: Source, label: str) -> str:
    """How many images the records hold and, of C-NMC's, how many are the published ones."""
    if not source.of_cnmc:
        return f"The records {label} hold {source.images:,} images. Duplicates were left out."
    return (
        f"Of {source.images:,} images in the records {label}, {source.published:,} are byte for "
        "byte those that were published as C-NMC 2019 (15,114). Duplicates were left out of "
        "training."
    )


def _together(run: RunFacts) -> str:
    """How many training images the networks of a cross-validation predicted."""
    if run.experiment.limit_validation is None:
        return "Together they predicted every training image once."
    return (
        f"Of each fold at most {run.experiment.limit_validation:,} images were used: together they "
        f"predicted {len(run.evaluated.predictions):,} images once, and the others not at all."
    )


def about_scores(run: RunFacts) -> Iterator[str]:
    """How a logit becomes a score and a decision."""
    calibration = run.calibration
    threshold = run.evaluated.report["threshold"]
    positive = class_names_of(run.evaluated.report).positive
    yield f"A cell whose score is at least {threshold:.3f} is called {positive}."
    if calibration.rule == "none":
        yield "The threshold is the usual 0.5: none was fitted."
        return
    yield (
        f"That threshold was fitted ({calibration.rule}) on {calibration.fitted_on}: "
        f"{counted(calibration.num_images, 'cell')} of "
        f"{counted(calibration.num_groups, 'patient group')}. It was not fitted again on any "
        "evaluated set."
    )
    if calibration.note:
        yield f"Scores are those of the network: {calibration.note}."
    else:
        yield (
            f"Scores are calibrated on the same set: the logit divided by "
            f"{calibration.temperature:.3g}, plus {calibration.bias:.3g}. They are probabilities "
            "only where the classes are as frequent as in that set."
        )


def missing(run: RunFacts) -> dict[str, tuple[str, ...]]:
    """The sections that lack a file: what is missing, and the command that makes it."""
    absent: dict[str, tuple[str, ...]] = {}
    if run.num_folds:
        absent["curves"] = ("Each fold has its own curves.", command(run.folds[0], "report.py"))
    elif not run.history:
        absent["curves"] = ("The run has no history.csv.",)
    if not run.external:
        score = f"{command(run.folder, 'evaluate.py')} --records DIR"
        absent["external"] = ("No other records were scored.", score)
    if run.num_folds:
        ensemble = f"{command(run.folder, 'evaluate.py --ensemble')} --records DIR"
        absent["external"] = ("Several networks are scored as one, beside this report.", ensemble)
    if not run.explanations:
        absent["explanations"] = ("No heat maps were made.", command(run.folder, "explain.py"))
    if not run.probes:
        absent["probes"] = ("No probes were run.", command(run.folder, "probe.py"))
    return absent


def command(folder: Path, script: str) -> str:
    """The command that runs a script on a run; it names no folder above the current one."""
    if ".." in folder.parts:
        folder = folder.resolve()
    if folder.is_absolute():
        inside = folder.is_relative_to(Path.cwd())
        folder = folder.relative_to(Path.cwd()) if inside else Path(folder.name)
    return f"python scripts/{script} {shlex.quote(str(folder))}"


def describe_set(scored: ScoredSet) -> str:
    """What a set holds, in words: "1,219 ALL of 13 patients, 648 HEM of 15 patients"."""
    count, (negative, positive) = scored.count, class_names_of(scored.report)
    return (
        f"{count.all_cells:,} {positive} of {counted(count.all_patients, 'patient')}, "
        f"{count.hem_cells:,} {negative} of {counted(count.hem_patients, 'patient')}"
    )


def positive_class(run: RunFacts) -> str:
    """The name of the class that a network is to find."""
    return class_names_of(run.config).positive
