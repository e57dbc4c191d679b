"""Reads and writes predictions.csv, to the last bit, and the tables that follow from it."""

import csv
from pathlib import Path

import numpy as np

from all_tf.metrics.bootstrap import Bootstrap
from all_tf.metrics.per_patient import patient_rows
from all_tf.metrics.predictions import Predictions
from all_tf.metrics.reliability import reliability_bins
from all_tf.runs.fields import PREDICTIONS
from all_tf.runs.folder import METRICS_FILE, PREDICTIONS_FILE, RunError, write_json
from all_tf.runs.required_files import PER_PATIENT_FILE, RELIABILITY_FILE
from all_tf.runs.strict_reading import damage_error, read_run_table
from all_tf.system.tables import write_csv
from tfrecords.class_names import CNMC_CLASSES, ClassNames
from tfrecords.store.files import atomic_write
from tfrecords.store.text_cells import cell_of_text


def write_predictions(path: Path, predictions: Predictions) -> None:
    """Write one line per cell, sorted by name; `fold` is empty outside the training split.

    `score` is the logistic function of the logit; decisions and metrics are computed from
    `calibrated_score`.
    """
    cells = predictions.take(np.argsort(predictions.names))
    columns = (
        *(map(cell_of_text, texts) for texts in (cells.names, cells.patients, cells.groups)),
        cells.labels,
        ["" if fold < 0 else fold for fold in cells.folds],
        *(map(repr, values.tolist()) for values in (cells.logits, cells.scores)),
        map(repr, cells.calibrated_scores.tolist()),
    )
    with atomic_write(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(PREDICTIONS)
        rows.writerows(zip(*columns, strict=True))


def read_predictions(path: Path, *, classes: ClassNames = CNMC_CLASSES) -> Predictions:
    """Read predictions.csv.

    Args:
        path: The file.
        classes: The names of the classes, which the metrics.json beside it holds.

    Raises:
        RunError: There is no such file, or it is damaged or of an earlier version.
    """
    if not path.is_file():
        raise RunError(f"No predictions in {path}. Score the set again: python scripts/evaluate.py")
    rows = read_run_table(path, PREDICTIONS, needed=PREDICTIONS)
    columns = {key: [row[key] for row in rows] for key in PREDICTIONS}
    if len(set(columns["name"])) < len(rows):
        names = columns["name"]
        line = next(n for n, name in enumerate(names) if name in names[:n]) + 2
        raise damage_error(path, line, "name", "Expected each image once.")
    for line, row in enumerate(rows, 2):
        if row["label"] >= 0 and not row["patient"]:  # All sources name the patient of a label.
            raise damage_error(path, line, "patient", "Expected one of a labelled cell.")
    return Predictions(
        np.array(columns["name"]),
        np.array(columns["patient"]),
        np.array(columns["group"]),
        np.array(columns["label"], np.int64),
        np.array(columns["logit"], np.float64),
        folds=np.array([-1 if fold is None else fold for fold in columns["fold"]], np.int64),
        calibrated_scores=np.array(columns["calibrated_score"], np.float64),
        classes=classes,
    )


def write_scored_set(
    folder: Path, report: dict, predictions: Predictions, *, bootstrap: Bootstrap | None = None
) -> None:
    """Write metrics, predictions and tables of an evaluated set.

    metrics.json and predictions.csv; where there are labels, per_patient.csv and reliability.csv.

    Args:
        folder: As `all_tf.runs.result_files.replaced_files` yields it.
        report: The content of metrics.json; decisions are taken at its `threshold`.
        predictions: Calibrated.
        bootstrap: That the report was made with; None makes one.
    """
    write_predictions(folder / PREDICTIONS_FILE, predictions)
    if predictions.labelled:
        write_per_patient(folder / PER_PATIENT_FILE, predictions, threshold=report["threshold"])
        write_reliability(folder / RELIABILITY_FILE, predictions, bootstrap=bootstrap)
    write_json(folder / METRICS_FILE, report)


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
        predictions: Labelled.
        bootstrap: Of these predictions; None makes one.
    """
    write_csv(path, reliability_bins(predictions, bootstrap=bootstrap))
