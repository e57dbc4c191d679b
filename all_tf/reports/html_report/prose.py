"""A run in words for someone with five minutes: the verdict, the stamps, the limits."""

import shlex
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from all_tf.metrics.bootstrap import LEAST_GROUPS
from all_tf.metrics.formatting import basis_of_intervals, not_estimable
from all_tf.metrics.scored_set import Count, ScoredSet
from all_tf.reports.run_facts import RunFacts
from all_tf.system.tables import per_cent

STAMPS = {  # What a stamp means for whoever reads the figure.
    "optimistic": "The epoch, and the threshold if one was fitted, were chosen on these same "
    "images, and luck was chosen with them. On new patients expect less.",
    "resubstitution": "The network was trained on images of this set. The figures say what it "
    "remembers, not what it would say of a new patient.",
    "leaky folds": "The published folds hold one person under several patient ids. The network may "
    "have met the people it is scored on.",
    "not calibrated": "Scores could not be made into probabilities on the selection set: read them "
    "as an order of the cells, not as shares.",
    "each image its own patient": "Nobody knows which of these images are of one patient, so that "
    "no figure can say how much it would change with other patients.",
}

_SETS = {"validation": "the preliminary phase", "train": "all training images"}
_PER_CENT = "\u00a0%"  # Never alone on a line.


def name_set(scored: ScoredSet) -> str:
    """ "the preliminary phase", "fold 0 of the training images, mean of 8 views"."""
    report = scored.report
    name = _SETS.get(report["split"], report["split"])
    if "best_epochs" in report:
        name = "all training images, out of fold"
    if report["fold"] is not None:
        name = f"fold {report['fold']} of the training images"
    views = report.get("tta", 1)
    return name if views == 1 else f"{name}, mean of {views} views"


def run_verdict(run: RunFacts) -> str:
    """What the network did on the set that it is judged by, in one sentence."""
    report, count = run.evaluated.report, run.evaluated.count
    who = "they" if run.num_folds else "it"
    return (
        f"Of {count.cells:,} cells of {count.patients} patients{_how_known(run)}, {who} called "
        f"{per_cent(report['sensitivity'])}{_PER_CENT} of the leukaemic and "
        f"{per_cent(report['specificity'])}{_PER_CENT} of the normal ones right."
    )


def _how_known(run: RunFacts) -> str:
    stamps = run.evaluated.report["stamps"]
    if run.num_folds:
        return f", each scored by that of {run.num_folds} networks that had not met the patient"
    if "resubstitution" in stamps:
        return " that it was trained on"
    if "optimistic" in stamps:
        return " on whom its epoch was chosen"
    if "leaky folds" in stamps:
        return ", of whom it may have met some"
    return " whom it had never met"


def about_intervals(report: Mapping) -> str:
    """What intervals rest on, or why there are none."""
    if reason := not_estimable(report):
        return f"Intervals over patients are {reason}."
    return f"Intervals: {basis_of_intervals(report)}, drawn again and again within their class."


def run_warnings(run: RunFacts) -> Iterator[tuple[str, str]]:
    """Each stamp of the figures with its meaning, and what else must be known before them."""
    report = run.evaluated.report
    for stamp, meaning in stamps_in_words([report]):
        yield stamp.capitalize(), meaning
    if run.source and run.source.published == 0:
        yield (
            "Not the published images",
            "None of these images is one of C-NMC 2019, byte for byte: they are drawn, altered or "
            "of another laboratory. The figures say nothing of the published cells.",
        )
    if run.probes and not (run.probes["margin_low"] or 0) > 0:
        yield "Not shown to beat a shortcut", run.probes["verdict"]
    if not_estimable(report):
        yield (
            "No interval can be given",
            f"These cells are of {_groups(report, 'all')} with leukaemia and "
            f"{_groups(report, 'hem')} without, ids that are one person counted once. Nobody can "
            "say how far the figures would move with other patients. "
            f"It takes at least {LEAST_GROUPS} of each, and better fifteen.",
        )


def stamps_in_words(reports: Iterable[Mapping]) -> Iterator[tuple[str, str]]:
    """Every stamp of some reports, once, with its meaning."""
    for stamp in dict.fromkeys(stamp for report in reports for stamp in report["stamps"]):
        yield stamp, STAMPS.get(stamp, "Figures with this stamp need care.")


def _groups(report: Mapping, name: str) -> str:
    """Groups rather than patients: ids that are one person count once."""
    return _people(report[f"num_groups_{name}"])


def about_data(run: RunFacts) -> Iterator[str]:
    """How the sets were made, and whether their images are the published ones."""
    if run.num_folds:
        yield (
            f"{run.num_folds} networks, each learnt from all folds but one and scored on that one, "
            "on which its epoch was chosen too. Together they scored every training image once."
        )
    elif not run.experiment.chooses:
        yield (
            "The network learnt from all training images. Networks that were each trained without "
            "a fold chose the number of epochs, the threshold and the calibration. What it says of "
            "training images it has learnt."
        )
    elif run.experiment.protocol == "honest":
        yield (
            f"The network learnt from all folds but fold {run.experiment.fold}, its epoch was "
            "chosen on that fold, and what else it was scored on had no say in it."
        )
    else:
        yield (
            "The network learnt from all training images, and its epoch was chosen on the "
            "preliminary phase, as in the study of 2021: its figures there are optimistic."
        )
    if run.config["folds"] == "grouped":
        yield (
            "No patient is on both sides of a split: folds were drawn by groups of patients, and "
            "two patient ids that share an image are one group."
        )
    if run.experiment.limit_train:
        yield f"At most {run.experiment.limit_train:,} images were learnt from."
    if run.source is None:
        yield (
            "The records that it learnt from are not at hand, or were changed. With "
            "--records DIR this report counts their patients and compares them with those "
            "published."
        )
    else:
        yield (
            f"Of {run.source.images:,} images in the records, {run.source.published:,} are byte "
            "for byte those that were published as C-NMC 2019 (15,114). Duplicates were left out "
            "of what it learnt from."
        )


def about_scores(run: RunFacts) -> Iterator[str]:
    """What turns a logit into a decision."""
    calibration = run.calibration
    threshold = run.evaluated.report["threshold"]
    yield f"A cell whose score is at least {threshold:.3f} is called ALL."
    if calibration.rule == "none":
        yield "The threshold is the usual half: none was fitted."
        return
    yield (
        f"That threshold was fitted ({calibration.rule}) on {calibration.fitted_on}: "
        f"{calibration.num_images:,} cells of {calibration.num_groups} groups of patients. It was "
        "not fitted again on any set that was scored."
    )
    if calibration.note:
        yield f"Scores are those of the network: {calibration.note}."
    else:
        yield (
            f"Scores are calibrated by the same set: the logit divided by "
            f"{calibration.temperature:.3g}, plus {calibration.bias:.3g}. They hold where the "
            "classes are as frequent as there."
        )


def missing(run: RunFacts) -> dict[str, tuple[str, ...]]:
    """The parts that a run's files cannot fill: what is not there, and what makes it."""
    absent = {}
    if run.num_folds:
        absent["curves"] = ("Each fold has its own curves.", command(run.folds[0], "report.py"))
    elif not run.history:
        absent["curves"] = ("The run has no history.csv.",)
    if not run.explanations:
        absent["explanations"] = ("No heat maps were drawn.", command(run.folder, "explain.py"))
    if not run.probes:
        absent["probes"] = ("No probes were run.", command(run.folder, "probe.py"))
    return absent


def command(folder: Path, script: str) -> str:
    """The command that runs a script on a run; it names no folder above the current one."""
    if folder.is_absolute():
        inside = folder.is_relative_to(Path.cwd())
        folder = folder.relative_to(Path.cwd()) if inside else Path(folder.name)
    return f"python scripts/{script} {shlex.quote(str(folder))}"


def describe_count(count: Count) -> str:
    """ "1,219 ALL of 13 patients, 648 HEM of 15 patients"."""
    return (
        f"{count.all_cells:,} ALL of {_people(count.all_patients)}, "
        f"{count.hem_cells:,} HEM of {_people(count.hem_patients)}"
    )


def _people(number: int) -> str:
    return f"{number} patient{'s' * (number != 1)}"


def limits(run: RunFacts) -> Iterator[str]:
    """What the figures of a run do not say, its own weaknesses first."""
    count = run.evaluated.count
    fewest = min(count.all_patients, count.hem_patients)
    if fewest < 15:
        yield (
            f"The set holds {_people(count.all_patients)} with leukaemia and "
            f"{_people(count.hem_patients)} without: so few that one of them can carry, or ruin, "
            "every figure."
        )
    if run.source is None:
        yield (
            "The records were not at hand when this was written, so that nothing is said of the "
            "patients it learnt from, nor whether its images are the published ones."
        )
    yield from limits_of_all()


def limits_of_all() -> Iterator[str]:
    """What no figure on these cells says, whatever the network."""
    yield (
        "Trained and scored on one data set: other laboratories, stains, microscopes and cameras "
        "were not tested."
    )
    yield (
        "The cells were segmented, centred and laid on black by the publishers of the images. "
        "What the network says of a cell cut out in another way, out of focus, cut off or next to "
        "another is unknown."
    )
    yield (
        "It tells blasts of acute lymphoblastic leukaemia from normal cells, and was never shown "
        "anything else: it has no answer for another cell, another disease or a smudge, and gives "
        "a score all the same."
    )
    yield (
        "Neither age, sex nor origin of the patients is published with the images, so that nobody "
        "can say for whom it works less well."
    )
    yield (
        "A patient has one class, and cells of leukaemia are larger: a network can score well by "
        "recognising patients, or by measuring size."
    )
    yield "A score is about one cell. Nothing here says how to judge a patient by many."
