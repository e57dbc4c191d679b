"""Calibration of scores over patients: positives in bins, calibration slope and intercept."""

import numpy as np
from scipy import special

from all_tf.metrics.bootstrap import Bootstrap, named_ends
from all_tf.metrics.predictions import Predictions, logistic
from all_tf.metrics.weighted import NUM_BINS, bin_of_score

_NUM_STEPS = 128  # Scores that resamples tell apart, as many cells to each.
_MOST_ITERATIONS = 50
_LONGEST_STEP = 2.0  # In standard deviations: a longer one may end where no curvature is left.
_CONVERGED = 1e-9
_EPSILON = np.finfo(np.float64).eps


def reliability_bins(
    predictions: Predictions, *, bootstrap: Bootstrap | None = None
) -> list[dict[str, float | int | None]]:
    """A row for each bin of the calibrated score that holds cells, as a reliability diagram has it.

    Args:
        predictions: Labelled.
        bootstrap: Of these predictions; None makes one.

    Returns:
        `low` and `high`, its ends; `num_images`; `mean_score`; `share_all`, of its cells those
        that are positive, with `share_all_low` and `share_all_high` over patients, None where no
        interval can be estimated or a resample has no cell in the bin.
    """
    scores, labels = predictions.calibrated_scores, predictions.labels
    bootstrap, bins = bootstrap or Bootstrap(predictions), bin_of_score(scores)
    weights, groups = bootstrap.weights, bootstrap.groups
    rows: list[dict[str, float | int | None]] = []
    for number in np.unique(bins):
        inside = bins == number
        of_cell = groups.of_cell[inside]
        cells = weights @ np.bincount(of_cell, minlength=weights.shape[1])
        cells_all = weights @ np.bincount(of_cell, labels[inside], weights.shape[1])
        ends = bootstrap.interval(cells_all / cells) if np.all(cells > 0) else (None, None)
        rows.append(
            {
                "low": float(number / NUM_BINS),
                "high": float((number + 1) / NUM_BINS),
                "num_images": int(np.count_nonzero(inside)),
                "mean_score": float(np.mean(scores[inside])),
                "share_all": float(np.mean(labels[inside])),
                **named_ends("share_all", ends),
            }
        )
    return rows


def slope_and_intercept(
    predictions: Predictions, *, bootstrap: Bootstrap | None = None
) -> dict[str, float | None]:
    """`calibration_slope` and `calibration_intercept`, each with `KEY_low` and `KEY_high`.

    They are those of the logistic regression of the label on the calibrated logit: Cox, 1958,
    Biometrika 45. They are 1 and 0 where the calibrated score is the probability. A slope
    below 1 says that scores are too extreme, an intercept below 0 that too many cells are called
    positive. They are None where a score separates the classes, in the set or in a resample, since
    the slope then has no finite best value.

    Args:
        predictions: Labelled, of both classes.
        bootstrap: Of these predictions; None makes one.
    """
    scores = predictions.calibrated_scores
    logits = special.logit(np.clip(scores, _EPSILON, 1 - _EPSILON))
    bootstrap = bootstrap or Bootstrap(predictions)
    weights = bootstrap.weights
    once = np.ones((1, len(logits)))
    (value,) = _regress(once * predictions.labels, once, logits)
    # Cells of about one logit are resampled together: one by one they would take long.
    rank = np.argsort(np.argsort(logits, kind="stable"), kind="stable")
    step = rank * min(_NUM_STEPS, len(logits)) // len(logits)
    num_steps = step.max() + 1
    place = bootstrap.groups.of_cell * num_steps + step

    def total(values: np.ndarray) -> np.ndarray:
        sums = np.bincount(place, values, weights.shape[1] * num_steps)
        return weights @ sums.reshape(-1, num_steps)

    means = np.bincount(step, logits) / np.bincount(step)
    resampled = _regress(total(predictions.labels), total(np.ones(len(logits))), means)
    return {
        name: number
        for column, key in enumerate(("calibration_intercept", "calibration_slope"))
        for name, number in _bounded(key, value[column], resampled[:, column], bootstrap).items()
    }


def _bounded(
    key: str, value: float, resampled: np.ndarray, bootstrap: Bootstrap
) -> dict[str, float | None]:
    ends = bootstrap.interval(resampled) if np.all(np.isfinite(resampled)) else (None, None)
    return {key: float(value) if np.isfinite(value) else None, **named_ends(key, ends)}


def _regress(cells_all: np.ndarray, cells: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """Intercept and slope `(r, 2)` by Newton's method; NaN where there is no finite best.

    Args:
        cells_all: Number of positive cells at each logit in each resample, float64 `(r, k)`.
        cells: Number of cells of both classes there.
        logits: float64 `(k,)`.
    """
    spread = np.std(logits)
    if spread == 0:
        return np.full((len(cells_all), 2), np.nan)
    middle = np.mean(logits)  # Far from 0, slope and intercept could hardly be told apart.
    scaled = (logits - middle) / spread
    at, moved = np.zeros((len(cells_all), 2)), np.full(len(cells_all), np.inf)
    with np.errstate(all="ignore"):  # An endless slope leaves no curvature to divide by.
        for _ in range(_MOST_ITERATIONS):
            expected = logistic(at[:, :1] + at[:, 1:] * scaled)
            residual, curvature = cells_all - cells * expected, cells * expected * (1 - expected)
            up, up_slope = residual.sum(1), residual @ scaled
            a, b, c = curvature.sum(1), curvature @ scaled, curvature @ scaled**2
            rise = np.stack([c * up - b * up_slope, a * up_slope - b * up], axis=1)
            rise /= (a * c - b * b)[:, None]
            at += np.clip(rise, -_LONGEST_STEP, _LONGEST_STEP)
            moved = np.abs(rise).max(1)
            if not np.any(moved > _CONVERGED):
                break
    slopes = at[:, 1] / spread
    found = np.stack([at[:, 0] - slopes * middle, slopes], axis=1)
    return np.where((moved <= _CONVERGED)[:, None], found, np.nan)
