"""What does not follow of a calibration under a name, or of a result by it: fitted again."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import numpy as np

from all_tf.metrics.bootstrap import count_groups
from all_tf.metrics.calibration import Calibration, fit_calibration
from all_tf.metrics.cross_fitting import cross_fit, decide, measure
from all_tf.metrics.predictions import Predictions
from all_tf.runs.calibration_file import read_calibration
from all_tf.runs.fields import FIT
from all_tf.runs.folder import (
    CALIBRATION_FILE,
    FIT_FILE,
    METRICS_FILE,
    PREDICTIONS_FILE,
    is_cross_validation,
    read_metrics,
    set_name,
)
from all_tf.runs.named_calibration import calibration_folder
from all_tf.runs.prediction_files import read_predictions
from all_tf.runs.strict_reading import read_object
from all_tf.runs.training_images import TRAINING_IMAGES_FILE, read_used_images

_CLOSE = 1e-4  # Of a number that a fit gives; machines round differently.


class CheckedFit(NamedTuple):
    """How much of a calibration was computed again, and what was not the same."""

    num_figures: int
    num_images: int
    drift: list[str]


def check_named(folder: Path) -> CheckedFit:
    """Fit and measure a calibration again from the cells that it was fitted to.

    Args:
        folder: RUN/calibrations/NAME.

    Raises:
        RunError: A file of it, or of the run, is damaged.
    """
    fit = read_object(folder / FIT_FILE, FIT, needed=FIT)
    predictions = read_predictions(folder / PREDICTIONS_FILE)
    num_figures = len({**fit["before"], **fit["run_calibration"]}) + len(fit["after"])
    drift = list(_contradictions(folder, fit, predictions))
    return CheckedFit(num_figures, len(predictions), drift)


def _contradictions(folder: Path, fit: Mapping, predictions: Predictions) -> Iterator[str]:
    calibration = read_calibration(folder)
    where = f"{fit['records']}, {set_name(fit['split'], fit['fold'])}"
    again = fit_calibration(predictions, fitted_on=where, min_sensitivity=fit["min_sensitivity"])
    yield from _differing(CALIBRATION_FILE, asdict(calibration), asdict(again))
    yield from _of_parts(fit, predictions)
    yield from _of_run(folder, fit)
    listed = read_used_images(folder, file=TRAINING_IMAGES_FILE) or []
    if sorted(image.patient or "" for image in listed) != sorted(predictions.patients.tolist()):
        yield f"{TRAINING_IMAGES_FILE}: not the patients of {PREDICTIONS_FILE}"


def contradictions_of_use(
    run: Path, report: Mapping[str, object], calibration: Calibration
) -> Iterator[str]:
    """Whether a result that names a calibration was made with that of the run.

    Args:
        run: The run's folder.
        report: Of the result.
        calibration: That lies beside it.

    Raises:
        RunError: The run's calibration is damaged.
    """
    if (name := report.get("calibration")) is None:
        return
    folder = calibration_folder(run, str(name))
    if not folder.is_dir():
        yield f"calibration: {METRICS_FILE} names {name!r}, which the run has not"
    elif read_calibration(folder) != calibration:
        yield f"{CALIBRATION_FILE}: not that of {folder}"


def _of_parts(fit: Mapping, predictions: Predictions) -> Iterator[str]:
    parts = predictions.folds
    numbers = {"parts": len(np.unique(parts)), **count_groups(predictions)}
    yield from _differing(FIT_FILE, fit, numbers)
    if len(set(zip(predictions.groups, parts, strict=True))) > len(set(predictions.groups)):
        yield f"{PREDICTIONS_FILE}: a patient is in two parts, so that they were not held apart"
    crossed = cross_fit(predictions, parts, min_sensitivity=fit["min_sensitivity"])
    if not np.allclose(crossed.scores, predictions.calibrated_scores, rtol=0, atol=_CLOSE):
        yield f"{PREDICTIONS_FILE}: calibrated scores are not those of the other parts' fits"
    own = Calibration(**fit["run_calibration"])
    for when, decided in (("before", decide(predictions, own)), ("after", crossed)):
        yield from _differing(f"{FIT_FILE}, {when}", fit[when], measure(predictions, decided))


def _of_run(folder: Path, fit: Mapping) -> Iterator[str]:
    """Whether the name is the folder's, and network and calibration before are the run's."""
    run = folder.parents[1]
    if fit["name"] != folder.name:
        yield f"{FIT_FILE}: name is {fit['name']!r}"
    if is_cross_validation(run):  # Its networks are those of its folds.
        return
    if fit["network_sha256"] != read_metrics(run).get("weights_sha256"):
        yield f"{FIT_FILE}: fitted to the logits of another network than the run's (SHA-256)"
    yield from _differing(
        f"{FIT_FILE}, run_calibration", fit["run_calibration"], asdict(read_calibration(run))
    )


def _differing(what: str, stored: Mapping, expected: Mapping) -> Iterator[str]:
    for key, value in expected.items():
        if not _close(stored.get(key), value):
            yield f"{what}: {key} is {stored.get(key)!r}, the cells give {value!r}"


def _close(one: object, other: object) -> bool:
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=_CLOSE, abs_tol=_CLOSE)
    return one == other
