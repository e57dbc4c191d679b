"""What a report on several runs together says of itself, derived again from these runs."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from all_tf.metrics.calibration import NOT_CALIBRATED, Calibration, listed, mean_calibration
from all_tf.metrics.predictions import Predictions
from all_tf.runs.calibration_facts import contradictions_of_use
from all_tf.runs.calibration_file import read_calibration
from all_tf.runs.cross_validation import fold_name, read_content
from all_tf.runs.derived_calibration import DERIVED_STAMPS, calibration_contradictions
from all_tf.runs.folder import (
    CONFIG_FILE,
    CROSS_VALIDATION_FILE,
    PREDICTIONS_FILE,
    checked_experiment,
    other_records,
    read_config,
    read_metrics,
)
from all_tf.runs.members import noted_members, other_networks
from all_tf.runs.out_of_fold import about_folds, per_fold_rows
from all_tf.runs.prediction_files import read_predictions
from all_tf.runs.stamps import CHOSEN_AMONG, selected_on, stamps_of_own


def expected_of_folds(folder: Path, calibration: Calibration, predictions: Predictions) -> dict:
    """The fields of a cross-validation's joined report that follow from its folds' runs.

    Args:
        folder: `out-of-fold` of the cross-validation.
        calibration: That of all folds together.
        predictions: Of all folds, calibrated.

    Raises:
        RunError: A file of a fold's run is damaged.
    """
    epochs = [read_metrics(run)["best_epoch"] for run in _runs_of_folds(folder)]
    rows = per_fold_rows(predictions, threshold=calibration.threshold, epochs=epochs)
    whole = {"split": "train", "fold": None, "tta": 1, "calibrated_on": calibration.fitted_on}
    return whole | about_folds(rows)


def contradictions_of_folds(
    folder: Path, report: Mapping, calibration: Calibration, predictions: Predictions
) -> Iterator[str]:
    """What the joined predictions of a cross-validation do not have from its folds' runs.

    Args:
        folder, calibration, predictions: As `expected_of_folds` takes them.
        report: Its report.

    Raises:
        RunError: A file of a fold's run is damaged.
    """
    runs = _runs_of_folds(folder)
    parts = [read_predictions(run / PREDICTIONS_FILE) for run in runs]
    told = {pair for part in parts for pair in zip(part.names, part.logits, strict=True)}
    if told != set(zip(predictions.names, predictions.logits, strict=True)):
        yield f"{PREDICTIONS_FILE}: not the predictions of the folds"
    needed = dict.fromkeys(stamp for run in runs for stamp in read_metrics(run)["stamps"])
    for stamp in needed.keys() - {NOT_CALIBRATED} - set(report["stamps"]):
        yield f"stamps: the report lacks {stamp!r}, which a fold has"
    content, asked = folder.parent / CROSS_VALIDATION_FILE, read_content(folder.parent)
    experiment = checked_experiment(content, asked["experiment"])
    source = "out-of-fold predictions of train"
    yield from calibration_contradictions(experiment, source, calibration, predictions)


def _runs_of_folds(folder: Path) -> list[Path]:
    return [folder.parent / fold_name(fold) for fold in read_content(folder.parent)["folds"]]


def expected_of_members(folder: Path, report: Mapping, calibration: Calibration) -> dict:
    """The fields of an ensemble's report that follow from its members; empty if one was moved.

    Args:
        folder, report, calibration: As `contradictions_of_members` takes them.

    Raises:
        RunError: A file of a member is damaged.
    """
    members = noted_members(folder, report)
    if not all((member / CONFIG_FILE).is_file() for member in members):
        return {}
    return {
        "selected_on": listed(selected_on(read_config(member)[0]) for member in members),
        "best_epoch": None,
        "calibrated_on": calibration.fitted_on,
    }


def contradictions_of_members(
    folder: Path, report: Mapping, calibration: Calibration
) -> Iterator[str]:
    """What an ensemble's report and calibration do not have from its members.

    A member that has been moved is not compared.

    Args:
        folder: Of the ensemble's result.
        report: Of the ensemble.
        calibration: That of the mean logit.

    Raises:
        RunError: A file of a member is damaged.
    """
    members = noted_members(folder, report)
    if not all((member / CONFIG_FILE).is_file() for member in members):
        return
    if others := other_networks(folder, report):
        names = ", ".join(map(str, others))
        yield f"members: the report is of other weights than {names} has (SHA-256)"
        return
    expected = mean_calibration([read_calibration(member) for member in members])
    if "calibration" in report:
        yield from contradictions_of_use(members[0].parent, report, calibration)
    elif calibration != expected:
        yield f"calibration.json: {calibration}, the members give {expected}"
    known, derived = DERIVED_STAMPS, set(calibration.stamps)
    for member in members:
        experiment, facts = read_config(member)
        if other_records(report, facts):  # Stamps there follow from the images.
            known = {NOT_CALIBRATED}
        else:
            derived |= set(stamps_of_own(experiment, facts, report["split"], report["fold"]))
    for stamp in sorted(derived - set(report["stamps"])):
        yield f"stamps: the report lacks {stamp!r}, which follows from the members"
    for stamp in report["stamps"]:
        is_derived = stamp in known or stamp.startswith(CHOSEN_AMONG)
        if is_derived and stamp not in derived:
            yield f"stamps: the report has {stamp!r}, which does not follow from the members"
