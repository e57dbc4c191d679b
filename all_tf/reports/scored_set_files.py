"""Reads the sets of cells that a run was evaluated on, each from its metrics and predictions."""

from collections.abc import Sequence
from pathlib import Path

from all_tf.metrics.per_patient import patient_rows
from all_tf.metrics.scored_set import ScoredSet
from all_tf.runs.checksums import unchanged
from all_tf.runs.folder import METRICS_FILE, PREDICTIONS_FILE, RunError, read_metrics
from all_tf.runs.prediction_files import read_predictions
from all_tf.runs.required_files import holds_result
from tfrecords.class_names import class_names_of

# The keys that are read. A file without one of them is damaged or of another version.
_METRICS_KEYS = {"split", "fold", "stamps", "threshold", "best_epoch", "selected_on"}
_INTERVAL_KEYS = {"f1_low"}  # Pages show intervals; tables do without.


def evaluation_folders(run: Path, pattern: str) -> list[Path]:
    """The folders with a result whose path in the run fits a pattern of `glob`, sorted.

    Without hidden ones: they are half written. What is left of a result counts, so that its reader
    misses the rest.
    """
    found = (each for each in run.glob(pattern) if not each.name.startswith("."))
    return sorted(filter(holds_result, found))


def labelled_sets(folders: Sequence[Path]) -> list[ScoredSet]:
    """The sets in some folders, without those that have no labels.

    Raises:
        RunError: A file is missing or damaged, or a report has no intervals.
    """
    reports = {folder: read_report(folder) for folder in folders}
    labelled = {folder: report for folder, report in reports.items() if "f1" in report}
    for folder, report in labelled.items():
        require_keys(folder / METRICS_FILE, report, _INTERVAL_KEYS)
    return [read_scored_set(folder, report) for folder, report in labelled.items()]


def read_report(folder: Path) -> dict:
    """The metrics of a set, as they were written.

    Raises:
        RunError: The file is missing, damaged, or not the one that was written.
    """
    unchanged(folder / METRICS_FILE)
    return read_metrics(folder)


def read_scored_set(folder: Path, report: dict) -> ScoredSet:
    """A set with its predictions.

    Args:
        folder: Of the set.
        report: Its `read_report`.

    Raises:
        RunError: A file is missing or damaged, or the two do not fit.
    """
    require_keys(folder / METRICS_FILE, report, _METRICS_KEYS)
    path = unchanged(folder / PREDICTIONS_FILE)
    predictions = read_predictions(path, classes=class_names_of(report))
    if "f1" in report and not predictions.labelled:
        raise RunError(f"{folder / PREDICTIONS_FILE} lacks the labels that {METRICS_FILE} is of.")
    patients = patient_rows(predictions, threshold=report["threshold"])
    return ScoredSet(report, predictions, patients)


def require_keys(path: Path, content: dict, keys: set[str]) -> None:
    """Raise RunError if the content of a file lacks a key."""
    if absent := sorted(keys - content.keys()):
        raise RunError(
            f"{path} is damaged or of another version: it has no {', '.join(absent)}. Train again."
        )
