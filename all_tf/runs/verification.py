"""Verification of a run: files are unchanged, and every metric follows from its predictions."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from all_tf.config.experiment import Experiment
from all_tf.metrics.bootstrap import Bootstrap, mean_with_interval
from all_tf.metrics.calibration import Calibration
from all_tf.metrics.predictions import Predictions
from all_tf.metrics.summary import all_metrics
from all_tf.runs.calibration_facts import check_named
from all_tf.runs.calibration_file import read_calibration
from all_tf.runs.checksums import SUMS_FILE, changed_files, read_checksums
from all_tf.runs.derived_facts import contradictions, expected_header
from all_tf.runs.derived_joined import (
    contradictions_of_folds,
    contradictions_of_members,
    expected_of_folds,
    expected_of_members,
)
from all_tf.runs.derived_tables import differing_submission, differing_tables, equal_values
from all_tf.runs.exported_files import EXPORT_FILE, changed_exports
from all_tf.runs.folder import (
    CALIBRATION_FILE,
    CALIBRATIONS_FOLDER,
    CONFIG_FILE,
    METRICS_FILE,
    PREDICTIONS_FILE,
    RunError,
    links_in,
    read_config,
    read_metrics,
    read_status,
)
from all_tf.runs.placement import misplaced, nearest
from all_tf.runs.prediction_files import (
    read_predictions,
)
from all_tf.runs.required_files import (
    ADDED_LATER,
    RESULT_FILES,
    is_run,
    required_files,
)
from all_tf.runs.strict_reading import read_object
from tfrecords.class_names import class_names_of

_TOLERANCE = 1e-6  # Of a number, absolute and relative: machines round differently.
_GAMMA = {"weighted_bce": 0.0, "focal": 2.0}  # Of `builders.losses`, written down independently.
_OF_ANALYSES = ("probes.json", "explanations.json")
_MOST_LINES = 3  # Of one file; further differences are counted.


class Checked(NamedTuple):
    """A folder, how much was checked in it, and the differences that were found."""

    folder: Path
    num_files: int
    num_changed: int  # Of these files.
    num_figures: int
    num_images: int
    drift: list[str]


def verify(folder: Path) -> list[Checked]:
    """Hash the files of results, derive a report's statements and its metrics again.

    Hashed is what a SHA256SUMS or an export.json lists. Pages (report.html, MODEL_CARD.md), states
    and TensorBoard's files have no checksums.
    Does not detect files that were changed and hashed again together with matching predictions:
    only the network itself can, by scripts/evaluate.py. Nothing is written.

    Args:
        folder: Of a run, of a cross-validation, or a folder that holds such.

    Returns:
        One entry for each folder with a file of a result or a list of checksums, for each
        calibration under a name, for each run that says it is finished, and for each folder of
        exported files.

    Raises:
        RunError: The folder holds none of them.
    """
    named = f"{CALIBRATIONS_FOLDER}/*/{CALIBRATION_FILE}"
    found = {each for file in (*RESULT_FILES, SUMS_FILE, named) for each in _holding(folder, file)}
    found |= {each for each in _holding(folder, CONFIG_FILE) if _should_be_whole(each)}
    exports = _holding(folder, EXPORT_FILE)
    if not found and not exports:
        raise RunError(
            f"No run in {folder}, or one that has not ended: nothing in it holds {METRICS_FILE}. "
            "Name a folder below runs/."
        )
    checked = [_check(each) for each in found] + [_check_exports(each) for each in exports]
    return sorted(checked, key=lambda each: each.folder)


def _holding(folder: Path, file: str) -> list[Path]:
    """The folders below one that hold such a file, apart from those that are half written."""
    holding = [path.parent for path in folder.rglob(file)]
    return [each for each in holding if not each.name.startswith(".")]


def _should_be_whole(run: Path) -> bool:
    """Whether a run has ended, though its metrics may have been removed."""
    ended = read_status(run).get("state") == "finished" or (run / "evaluation").exists()
    return is_run(run) and ended


def _check(folder: Path) -> Checked:
    num_figures, num_images, num_files, num_changed = 0, 0, 0, 0
    drift: list[str] = []
    try:
        drift += changed_files(folder)
        num_changed = len(drift)
        report = read_metrics(folder) if (folder / METRICS_FILE).is_file() else None
        drift += _unlisted_files(folder, report)
        if is_run(folder):
            drift += [f"{path.relative_to(folder)}: a symbolic link" for path in links_in(folder)]
        num_files = len(read_checksums(folder))
        if folder.parent.name == CALIBRATIONS_FOLDER:
            num_figures, num_images, found = check_named(folder)
            drift += found
        if report is not None:
            stored = read_predictions(folder / PREDICTIONS_FILE, classes=class_names_of(report))
            calibration = read_calibration(nearest(folder, CALIBRATION_FILE))
            bootstrap, num_images = Bootstrap(calibration.apply(stored)), len(stored)
            figures = _recompute(folder, report, bootstrap, calibration)
            num_figures = len(figures)
            drift += _differing_figures(report, figures)
            drift += _contradictions(folder, report, bootstrap, calibration)
        for file in _OF_ANALYSES:
            if (folder / file).is_file():
                drift += misplaced(folder, read_object(folder / file), file=file)
    except (OSError, ValueError, KeyError) as error:
        drift.append(f"figures cannot be computed again: {error}")
    return Checked(folder, num_files, num_changed, num_figures, num_images, drift)


def _contradictions(
    folder: Path, report: dict, bootstrap: Bootstrap, calibration: Calibration
) -> Iterator[str]:
    """What of a report and its tables does not follow from its place, predictions and networks."""
    predictions, threshold = bootstrap.predictions, calibration.threshold
    epochs = report.get("best_epochs")
    yield from misplaced(folder, report)
    yield from differing_tables(folder, bootstrap, threshold=threshold, epochs=epochs)
    yield from differing_submission(folder, predictions, threshold=threshold)
    if is_run(run := nearest(folder, CONFIG_FILE)):
        header = expected_header(run, folder, calibration)
        yield from _differing_figures(report, header, source="the run gives")
        yield from contradictions(run, folder, report, calibration, predictions)
    elif "best_epochs" in report:
        joined = expected_of_folds(folder, calibration, predictions)
        yield from _differing_figures(report, joined, source="the folds have")
        yield from contradictions_of_folds(folder, report, calibration, predictions)
    if "members" in report:
        header = expected_of_members(folder, report, calibration)
        yield from _differing_figures(report, header, source="the members give")
        yield from contradictions_of_members(folder, report, calibration)


def _check_exports(folder: Path) -> Checked:
    try:
        num_files, drift = changed_exports(folder)
    except (OSError, ValueError) as error:
        return Checked(folder, 0, 0, 0, 0, [str(error)])
    return Checked(folder, num_files, len(drift), 0, 0, drift)


def _unlisted_files(folder: Path, report: dict | None) -> list[str]:
    """Files that have to be there and are not, that nobody listed, and that are links."""
    listed = read_checksums(folder)
    if not listed:
        return [f"{SUMS_FILE}: missing, so that nobody can say whether files were changed"]
    present = {path.name for path in folder.iterdir() if not path.is_dir() or path.is_symlink()}
    required = set(required_files(folder, report))
    lines = [f"{name}: missing" for name in sorted(required - present - listed.keys())]
    added = {name for name in present - listed.keys() - ADDED_LATER if not name.startswith(".")}
    return lines + [f"{name}: not listed in {SUMS_FILE}" for name in sorted(added)]


def _recompute(
    folder: Path, report: dict, bootstrap: Bootstrap, calibration: Calibration
) -> dict[str, object]:
    """The values of a report that follow from predictions and calibration, by key."""
    predictions = bootstrap.predictions
    figures = {
        "num_images": len(predictions),
        "num_patients": len(set(predictions.patients.tolist()) - {""}),
        "threshold": calibration.threshold,
        "threshold_rule": calibration.rule,
    }
    if not predictions.labelled:
        return figures
    figures |= all_metrics(predictions, threshold=calibration.threshold, bootstrap=bootstrap)
    if "loss" in report:
        experiment, facts = read_config(nearest(folder, CONFIG_FILE))
        losses = _losses(predictions, experiment, facts["class_weights"])
        figures |= mean_with_interval("loss", losses, predictions, bootstrap=bootstrap)
    return figures


def _losses(
    predictions: Predictions, experiment: Experiment, class_weights: Sequence[float]
) -> np.ndarray:
    """The training's loss of each cell, float64 `(n,)`; `builders.losses` has its source."""
    smoothing, gamma = experiment.label_smoothing, _GAMMA[experiment.loss]
    disease = predictions.labels * (1 - smoothing) + smoothing / 2
    if_disease, if_hem = (np.logaddexp(0, sign * predictions.logits) for sign in (-1, 1))
    return (
        class_weights[1] * disease * np.exp(-gamma * if_hem) * if_disease
        + class_weights[0] * (1 - disease) * np.exp(-gamma * if_disease) * if_hem
    )


def _differing_figures(
    report: dict, figures: dict[str, object], *, source: str = "the predictions give"
) -> list[str]:
    return [
        f"{key}: {METRICS_FILE} has {report.get(key)!r}, {source} {value!r}"
        for key, value in figures.items()
        if key not in report or not equal_values(report[key], value)
    ]
