"""Reads and writes predictions.csv, to the last bit, and the tables that follow from it."""

import csv
from pathlib import Path

import numpy as np

from all_tf.metrics.bootstrap import Bootstrap
from all_tf.metrics.per_patient import patient_rows
from all_tf.metrics.predictions import Predictions
from all_tf.metrics.reliability import reliability_bins
from all_tf.runs.checksums import write_checksums
from all_tf.runs.folder import METRICS_FILE, PREDICTIONS_FILE, RunError, write_json
from all_tf.system.tables import write_csv
from tfrecords.store.files import atomic_write

PER_PATIENT_FILE = "per_patient.csv"
RELIABILITY_FILE = "reliability.csv"
_COLUMNS = (
    "name",
    "patient",
    "group",
    "label",
    "fold",
    "logit",
    "score",
    "calibrated_score",
)


def write_predictions(path: Path, predictions: Predictions) -> None:
    """Write one line per cell, sorted by name; `fold` is empty outside the training split.

    `score` is the logistic function of the logit; decisions and metrics are computed from
    `calibrated_score`.
    """
    cells = predictions.take(np.argsort(predictions.names))
    columns = (
        cells.names,
        cells.patients,
        cells.groups,
        cells.labels,
        ["" if fold < 0 else fold for fold in cells.folds],
        *(map(repr, values.tolist()) for values in (cells.logits, cells.scores)),
        map(repr, cells.calibrated_scores.tolist()),
    )
    with atomic_write(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(_COLUMNS)
        rows.writerows(zip(*columns, strict=True))


def read_predictions(path: Path) -> Predictions:
    """Read predictions.csv.

    Raises:
        RunError: There is no such file, or it is damaged or of an earlier version.
    """
    if not path.is_file():
        raise RunError(f"No predictions in {path}. Score the set again: python scripts/evaluate.py")
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    try:
        columns = {key: np.array([row[key] for row in rows]) for key in _COLUMNS}
        return Predictions(
            columns["name"],
            columns["patient"],
            columns["group"],
            columns["label"].astype(np.int64),
            columns["logit"].astype(np.float64),
            folds=np.where(columns["fold"] == "", "-1", columns["fold"]).astype(np.int64),
            calibrated_scores=columns["calibrated_score"].astype(np.float64),
        )
    except (KeyError, ValueError) as error:
        raise RunError(
            f"{path} is damaged or from an earlier version. Expected the columns "
            f"{', '.join(_COLUMNS)}. Received: {error!r}"
        ) from error


def file_scored_set(
    folder: Path, report: dict, predictions: Predictions, *, bootstrap: Bootstrap | None = None
) -> None:
    """Write metrics, predictions and tables of an evaluated set, and checksums of its folder.

    metrics.json and predictions.csv; where there are labels, per_patient.csv and reliability.csv.

    Args:
        folder: Exists; files of these names are written over.
        report: The content of metrics.json; decisions are taken at its `threshold`.
        predictions: Calibrated.
        bootstrap: That the report was made with; None makes one.
    """
    write_predictions(folder / PREDICTIONS_FILE, predictions)
    if predictions.labelled:
        write_per_patient(folder / PER_PATIENT_FILE, predictions, threshold=report["threshold"])
        write_reliability(folder / RELIABILITY_FILE, predictions, bootstrap=bootstrap)
    write_json(folder / METRICS_FILE, report)
    write_checksums(folder)


def write_per_patient(path: Path, predictions: Predictions, *, threshold: float) -> None:
    """Write one line per patient, the worst first (`all_tf.metrics.per_patient.patient_rows`).

    Args:
        path: The file, written over. It names patients: pages that are handed on take their
            pseudonyms from it.
        predictions: Labelled.
        threshold: In [0, 1].
    """
    write_csv(path, patient_rows(predictions, threshold=threshold))


def write_reliability(
    path: Path, predictions: Predictions, *, bootstrap: Bootstrap | None = None
) -> None:
    """Write one line per bin of the score (`all_tf.metrics.reliability.reliability_bins`).

    Args:
        path: The file, written over.
        predictions: Labelled, of both classes.
        bootstrap: Of these predictions; None makes one.
    """
    write_csv(path, reliability_bins(predictions, bootstrap=bootstrap))
