"""What a report on several runs together says of itself, derived again from these runs."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from all_tf.metrics.calibration import NOT_CALIBRATED, Calibration, mean_calibration
from all_tf.metrics.predictions import Predictions
from all_tf.runs.calibration_facts import contradictions_of_use
from all_tf.runs.calibration_file import read_calibration
from all_tf.runs.cross_validation import fold_name, read_content
from all_tf.runs.derived_calibration import DERIVED_STAMPS, calibration_contradictions
from all_tf.runs.folder import (
    CONFIG_FILE,
    CROSS_VALIDATION_FILE,
    METRICS_FILE,
    PREDICTIONS_FILE,
    checked_experiment,
    other_records,
    read_config,
    read_metrics,
)
from all_tf.runs.members import noted_members, other_networks
from all_tf.runs.prediction_files import read_predictions
from all_tf.runs.stamps import stamps


def contradictions_of_folds(
    folder: Path, report: Mapping, calibration: Calibration, predictions: Predictions
) -> Iterator[str]:
    """What the joined predictions of a cross-validation do not have from its folds' runs.

    Args:
        folder: `out-of-fold` of the cross-validation.
        report: Its report.
        calibration: That of all folds together.
        predictions: Of all folds, calibrated.

    Raises:
        RunError: A file of a fold's run is damaged.
    """
    content = folder.parent / CROSS_VALIDATION_FILE
    asked = read_content(folder.parent)
    runs = [folder.parent / fold_name(fold) for fold in asked["folds"]]
    reports = [read_metrics(run) for run in runs]
    epochs = [each.get("best_epoch") for each in reports]
    if report["best_epochs"] != epochs:
        yield f"best_epochs: {METRICS_FILE} has {report['best_epochs']}, the folds have {epochs}"
    parts = [read_predictions(run / PREDICTIONS_FILE) for run in runs]
    told = {pair for part in parts for pair in zip(part.names, part.logits, strict=True)}
    if told != set(zip(predictions.names, predictions.logits, strict=True)):
        yield f"{PREDICTIONS_FILE}: not the predictions of the folds"
    needed = dict.fromkeys(stamp for each in reports for stamp in each["stamps"])
    for stamp in needed.keys() - {NOT_CALIBRATED} - set(report["stamps"]):
        yield f"stamps: the report lacks {stamp!r}, which a fold has"
    experiment = checked_experiment(content, asked["experiment"])
    source = "out-of-fold predictions of train"
    yield from calibration_contradictions(experiment, source, calibration, predictions)


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
            derived |= set(
                stamps(experiment, report["split"], report["fold"], folds=facts["folds"])
            )
    for stamp in sorted(derived - set(report["stamps"])):
        yield f"stamps: the report lacks {stamp!r}, which follows from the members"
    for stamp in report["stamps"]:
        if stamp in known - derived:
            yield f"stamps: the report has {stamp!r}, which does not follow from the members"
