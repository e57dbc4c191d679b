"""The files that have to be in each folder of a finished run, whatever its checksums list."""

from pathlib import Path

from all_tf.runs.folder import (
    CALIBRATION_FILE,
    CALIBRATIONS_FOLDER,
    CONFIG_FILE,
    EXPLANATIONS_FOLDER,
    FIT_FILE,
    HISTORY_FILE,
    METRICS_FILE,
    PREDICTIONS_FILE,
    PROBES_FOLDER,
    STATUS_FILE,
    SUBMISSION_FILE,
)
from all_tf.runs.training_images import TRAINING_IMAGES_FILE

PER_PATIENT_FILE = "per_patient.csv"
RELIABILITY_FILE = "reliability.csv"
PER_FOLD_FILE = "per_fold.csv"
REVIEW_FOLDER, REVIEW_FILE = "review", "review.csv"
_SCORED = (METRICS_FILE, PREDICTIONS_FILE)
_RUN = (
    *_SCORED,
    CONFIG_FILE,
    STATUS_FILE,
    CALIBRATION_FILE,
    HISTORY_FILE,
    "best.weights.h5",
    "environment.json",
    "training_range.json",
)
_OF_ANALYSIS = {
    PROBES_FOLDER: ("probes.json", "probes.csv", "altered.png"),
    EXPLANATIONS_FOLDER: ("explanations.json", "cells.png"),
}
_OF_CALIBRATION = (CALIBRATION_FILE, FIT_FILE, PREDICTIONS_FILE, TRAINING_IMAGES_FILE)
# What a scored set has if it is labelled, or if it is to be submitted.
MAY_BE_ABSENT = (PER_PATIENT_FILE, RELIABILITY_FILE, SUBMISSION_FILE)
# Each of them says that its folder holds a result, though all others were removed.
RESULT_FILES = (
    *_SCORED,
    *(PER_PATIENT_FILE, RELIABILITY_FILE, PER_FOLD_FILE, REVIEW_FILE),
    *("probes.json", "probes.csv", "explanations.json"),
)
# What may be added after the checksums were written.
ADDED_LATER = {STATUS_FILE, "SHA256SUMS", "report.html", "MODEL_CARD.md"}


def required_files(folder: Path, report: dict | None = None) -> tuple[str, ...]:
    """The names of the files that have to be in a folder of a finished run.

    Args:
        folder: A run, an evaluation, `out-of-fold`, an ensemble, or the folder of an analysis.
        report: Its metrics.json, by which it has tables and a submission; None if it has none.
    """
    # Results on another set, or on other records, lie one or two folders below.
    for place in (folder, *list(folder.parents)[:2]):
        if place.name in _OF_ANALYSIS and not is_run(folder):
            return _OF_ANALYSIS[place.name]
    if folder.name == REVIEW_FOLDER and not is_run(folder):
        return (REVIEW_FILE,)
    if folder.parent.name == CALIBRATIONS_FOLDER:
        return _OF_CALIBRATION
    report = report or {}
    files: tuple[str, ...] = _RUN if is_run(folder) else _SCORED
    if "best_epochs" in report:
        files += (CALIBRATION_FILE, PER_FOLD_FILE)
    if "members" in report or "calibration" in report:
        files += (CALIBRATION_FILE,)
    if "f1" in report:
        files += (PER_PATIENT_FILE, RELIABILITY_FILE)
    unlabelled = report.get("split") == "test" and "f1" not in report
    return (*files, SUBMISSION_FILE) if unlabelled else files


def holds_result(folder: Path) -> bool:
    """Whether a folder holds a result, or what is left of one."""
    return any((folder / name).exists() for name in (*RESULT_FILES, "SHA256SUMS"))


def is_run(folder: Path) -> bool:
    """Whether a folder is that of a run, by what a training writes first; a state is none."""
    kept = (CONFIG_FILE, STATUS_FILE, "best.weights.h5")
    return folder.parent.name != "state" and any((folder / name).exists() for name in kept)
