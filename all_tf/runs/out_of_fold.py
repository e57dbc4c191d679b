"""Out-of-fold predictions: of each training image, by the network not trained on its patient."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median_low
from typing import Any

import numpy as np

from all_tf.config.experiment import Experiment
from all_tf.metrics.bootstrap import Bootstrap
from all_tf.metrics.calibration import NOT_CALIBRATED, fit_calibration
from all_tf.metrics.per_patient import fold_rows
from all_tf.metrics.predictions import Predictions
from all_tf.metrics.summary import all_metrics
from all_tf.runs.calibration_file import write_calibration
from all_tf.runs.checksums import unchanged
from all_tf.runs.cross_validation import out_of_fold_folder
from all_tf.runs.folder import (
    CONFIG_FILE,
    METRICS_FILE,
    PREDICTIONS_FILE,
    RunError,
    read_config,
    read_metrics,
    refuse_links,
)
from all_tf.runs.prediction_files import read_predictions, write_scored_set
from all_tf.runs.records_digest import RecordsDigest
from all_tf.runs.report_header import Selection, SetPlace, report_header
from all_tf.runs.required_files import PER_FOLD_FILE
from all_tf.runs.result_files import replaced_files
from all_tf.system.tables import write_csv
from tfrecords.class_names import class_names_of
from tfrecords.store.folds import read_folds

NOTE = (
    "Optimistic: each network's epoch was chosen on the fold that it predicts, and temperature, "
    "bias and threshold are fitted on these very predictions, one of each for all folds."
)


def write_out_of_fold(folder: Path, runs: Mapping[int, Path]) -> dict:
    """Join the predictions of all folds, calibrate them as one set, evaluate and save them.

    Args:
        folder: Of the cross-validation; its `out-of-fold/` is written over.
        runs: The finished run of each fold, by fold.

    Returns:
        The report, as metrics.json holds it: that of a run, on all of train. In addition
        `best_epochs` of the folds, with their median (the lower of two) as `best_epoch`;
        `auc_mean_of_folds`, which does not depend on the scale of each network's logits; `note`.

    Raises:
        RunError: A fold's run is not finished, or not each image of train was predicted once.
    """
    refuse_links(folder)
    _refuse_changed(runs.values())
    experiment, facts = read_config(next(iter(runs.values())))
    _refuse_other_records(runs.values())
    classes = class_names_of(facts)
    parts = [read_predictions(run / PREDICTIONS_FILE, classes=classes) for run in runs.values()]
    predictions = _join(parts)
    _refuse_gaps(predictions, Path(facts["records"]), experiment)
    reports = [read_metrics(run) for run in runs.values()]
    calibration = fit_calibration(
        predictions,
        fitted_on="out-of-fold predictions of train",
        min_sensitivity=experiment.min_sensitivity,
    )
    predictions = calibration.apply(predictions)
    bootstrap = Bootstrap(predictions)
    epochs = [report["best_epoch"] for report in reports]
    rows = per_fold_rows(predictions, threshold=calibration.threshold, epochs=epochs)
    name, digest = facts.get("records_name", ""), facts["manifest_sha256"]
    place = SetPlace("train", None, digest, _stamps(reports), records_name=name)
    about = about_folds(rows)
    selection = Selection(about["selected_on"], about["best_epoch"])
    report = {
        **report_header(predictions, place, selection, calibration),
        **all_metrics(predictions, threshold=calibration.threshold, bootstrap=bootstrap),
        **about,
    }
    target = out_of_fold_folder(folder)
    with replaced_files(target) as partial:
        write_calibration(partial, calibration)
        write_csv(partial / PER_FOLD_FILE, rows)
        write_scored_set(partial, report, predictions, bootstrap=bootstrap)
    return report


def per_fold_rows(
    predictions: Predictions, *, threshold: float, epochs: Sequence[int]
) -> list[dict[str, Any]]:
    """The rows of per_fold.csv: those of `fold_rows`, each with the epoch of its network.

    Args:
        predictions: Labelled, of all folds.
        threshold: In [0, 1].
        epochs: Of each fold.
    """
    rows = fold_rows(predictions, threshold=threshold)
    return [{**row, "best_epoch": epoch} for row, epoch in zip(rows, epochs, strict=True)]


def about_folds(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What a joined report says of its folds, beside the metrics.

    Args:
        rows: As `per_fold_rows` gives them.
    """
    epochs, aucs = [row["best_epoch"] for row in rows], [row["auc"] for row in rows]
    return {
        "selected_on": "each fold itself",
        "best_epoch": median_low(epochs),
        "best_epochs": epochs,
        "auc_mean_of_folds": float(np.mean(aucs)) if None not in aucs else None,
        "note": NOTE,
    }


def _refuse_changed(runs: Iterable[Path]) -> None:
    for run in runs:
        for name in (CONFIG_FILE, METRICS_FILE, PREDICTIONS_FILE):
            unchanged(run / name)


def _stamps(reports: list[dict]) -> list[str]:
    """Those of any fold, but not whether its own calibration failed, which is not used here."""
    of_folds = dict.fromkeys(stamp for report in reports for stamp in report["stamps"])
    return [stamp for stamp in of_folds if stamp != NOT_CALIBRATED]


def _join(parts: list[Predictions]) -> Predictions:
    """The predictions of all folds as one set, without the calibration of each network.

    Each network is calibrated on the fold that it predicts, so its bias depends on the share of the
    positive class there. With calibrated scores, the order of all cells would depend on which fold
    a cell is in.
    """
    keys = parts[0].columns().keys() - {"calibrated_scores"}
    columns = {key: np.concatenate([getattr(part, key) for part in parts]) for key in keys}
    return Predictions(**columns, classes=parts[0].classes)


def _refuse_other_records(runs: Iterable[Path]) -> None:
    digests = {run: RecordsDigest.stored_in(read_config(run)[1]) for run in runs}
    first, *_ = digests
    for run, digest in digests.items():
        if digest != digests[first]:
            raise RunError(
                f"{run} was trained on other records or folds than {first} (SHA-256), so that "
                "their predictions cannot be joined. Remove it and resume the cross-validation."
            )


def _refuse_gaps(predictions: Predictions, records: Path, experiment: Experiment) -> None:
    found, expected = predictions.names.tolist(), set(read_folds(records))
    if len(found) != len(set(found)) or not set(found) <= expected:
        raise RunError("An image was predicted by two folds, or is in none. Train the folds again.")
    if len(found) < len(expected) and experiment.limit_validation is None:
        raise RunError(
            f"{len(expected) - len(found)} of {len(expected)} images were predicted by no fold. "
            "Train the folds again."
        )
