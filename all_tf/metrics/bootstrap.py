"""How far figures of merit would move with other patients: intervals by drawing patient groups."""

from typing import NamedTuple

import numpy as np
from scipy import special

from all_tf.metrics.predictions import Predictions, require_both_classes
from all_tf.metrics.weighted import weighted_metrics

DRAWS = 2000
LEVEL = 0.95
LEAST_GROUPS = 5  # In a class; of fewer no interval can be estimated.


class PatientGroups(NamedTuple):
    """What is resampled: the groups of HEM, then those of ALL, each drawn among its class."""

    of_cell: np.ndarray  # int64 (n,) in [0, u).
    num_hem: int
    num_all: int

    @property
    def fewest(self) -> int:
        """The number of groups of the class that has fewer."""
        return min(self.num_hem, self.num_all)


def patient_groups(predictions: Predictions) -> PatientGroups:
    """The patient groups of labelled predictions; one with cells of both classes counts in both."""
    _, first, of_cell = np.unique(
        np.char.add(np.where(predictions.labels == 1, "1", "0"), predictions.groups),
        return_index=True,
        return_inverse=True,
    )
    num_all = int(np.sum(predictions.labels[first] == 1))
    return PatientGroups(of_cell, len(first) - num_all, num_all)


def count_groups(predictions: Predictions) -> dict[str, int]:
    """`num_images_all`, `num_images_hem`, `num_groups_all` and `num_groups_hem`."""
    units = patient_groups(predictions)
    return {
        "num_images_all": int(np.sum(predictions.labels == 1)),
        "num_images_hem": int(np.sum(predictions.labels == 0)),
        "num_groups_all": units.num_all,
        "num_groups_hem": units.num_hem,
    }


def intervals(
    predictions: Predictions, *, threshold: float, draws: int = DRAWS, seed: int = 0
) -> dict[str, float | None]:
    """`KEY_low` and `KEY_high` of every figure of `evaluate`, at the level of .95, over patients.

    All figures are taken of the same draws. Cells of one patient resemble each other, so that an
    interval over cells would be far too narrow. An interval of `ece` tells how it varies; it is
    biased upwards, in each draw again, and near 0 it says little of where the truth is.

    Args:
        predictions: Labelled, of both classes.
        threshold: In [0, 1], as `evaluate` takes it; it is not chosen again in each draw.
        draws: How often the patients are drawn.
        seed: Of the draws.

    Returns:
        Two numbers a figure; None where a class has fewer than `LEAST_GROUPS` groups.

    Raises:
        ValueError: As `evaluate` raises it.
    """
    require_both_classes(predictions)
    units = patient_groups(predictions)
    weights = bootstrap_weights(units, draws=draws, seed=seed)
    figures = weighted_metrics(
        predictions.labels,
        predictions.calibrated_scores,
        predictions.decisions(threshold),
        unit_of_cell=units.of_cell,
        weights=weights,
    )
    bounds = {}
    for key, values in figures.items():
        bounds[f"{key}_low"], bounds[f"{key}_high"] = interval(values, units)
    return bounds


def mean_with_interval(
    key: str, values: np.ndarray, predictions: Predictions, *, draws: int = DRAWS, seed: int = 0
) -> dict[str, float | None]:
    """The mean of a number that each cell has, as `KEY`, with `KEY_low` and `KEY_high`.

    Args:
        key: Its name.
        values: float64 `(n,)`.
        predictions: Labelled, of both classes, of the same cells.
        draws, seed: As `intervals` takes them; equal ones are the same draws.
    """
    units = patient_groups(predictions)
    weights = bootstrap_weights(units, draws=draws, seed=seed)
    sums = np.bincount(units.of_cell, values)
    low, high = interval((weights @ sums) / (weights @ np.bincount(units.of_cell)), units)
    return {key: float(np.mean(values)), f"{key}_low": low, f"{key}_high": high}


def bootstrap_weights(units: PatientGroups, *, draws: int = DRAWS, seed: int = 0) -> np.ndarray:
    """How often each unit is drawn, with replacement, within its class: float64 `(draws, u)`."""
    rng = np.random.default_rng(seed)
    counts = [
        rng.multinomial(number, np.full(number, 1 / number), size=draws)
        for number in (units.num_hem, units.num_all)
    ]
    return np.concatenate(counts, axis=1).astype(np.float64)


def interval(values: np.ndarray, units: PatientGroups) -> tuple[float, float] | tuple[None, None]:
    """The interval that draws of a figure give: percentiles, expanded for few groups.

    Plain percentiles are too narrow, as a standard deviation over n instead of n - 1 is, and as
    normal quantiles are beside those of Student's t. Hesterberg, 2015, The American Statistician
    69(4), expands them so that both are put right. The class with fewer groups decides how far.

    Args:
        values: float64 `(draws,)`.
        units: That were drawn.

    Returns:
        The lower and the upper end; None for both where a class has too few groups.
    """
    if units.fewest < LEAST_GROUPS:
        return None, None
    tail = expanded_tail(units.fewest)
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)


def expanded_tail(num_groups: int) -> float:
    """The share of draws that is cut off at either end, for a mean over some groups."""
    quantile = special.stdtrit(num_groups - 1, (1 - LEVEL) / 2)
    return float(special.ndtr(quantile * np.sqrt(num_groups / (num_groups - 1))))
