"""Intervals of metrics over patients: patient groups are resampled within their class."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy import special

from all_tf.metrics.predictions import Predictions, require_both_classes
from all_tf.metrics.weighted import weighted_metrics

NUM_RESAMPLES = 2000
LEVEL = 0.95
LEAST_GROUPS = 5  # In a class; of fewer no interval can be estimated.

Ends = tuple[float, float] | tuple[None, None]  # Of an interval; None where it is not estimable.


class PatientGroups(NamedTuple):
    """The patient groups of a set: those of the negative class first."""

    of_cell: np.ndarray  # int64 (n,) in [0, g).
    num_hem: int
    num_all: int

    @property
    def number(self) -> int:
        """The number of groups, g."""
        return self.num_hem + self.num_all

    @property
    def fewest(self) -> int:
        """The number of groups of the class that has fewer, of the classes that are there."""
        return min(number for number in (self.num_hem, self.num_all) if number)


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """The resamples of a set's patient groups; one is made for a report, and shared by its parts.

    The classes are resampled apart, with replacement. Nothing is computed before it is asked
    for, and nothing twice.
    """

    predictions: Predictions  # Labelled.
    num_resamples: int = NUM_RESAMPLES
    seed: int = 0

    @cached_property
    def groups(self) -> PatientGroups:
        """The patient groups that are resampled."""
        return patient_groups(self.predictions)

    @cached_property
    def weights(self) -> np.ndarray:
        """How often each group is in each resample: float64 `(r, g)`."""
        return bootstrap_weights(self.groups, num_resamples=self.num_resamples, seed=self.seed)

    def interval(self, values: np.ndarray) -> Ends:
        """The interval of a metric that has these values, float64 `(r,)`, in the resamples."""
        return interval(values, self.groups)

    def metrics(self, predictions: Predictions, *, threshold: float) -> dict[str, np.ndarray]:
        """Every metric in every resample, float64 `(r,)` by key.

        Args:
            predictions: Of the same cells in the same order.
            threshold: In [0, 1], as `all_tf.metrics.predictions.evaluate` takes it.
        """
        return weighted_metrics(
            predictions.labels,
            predictions.calibrated_scores,
            predictions.decisions(threshold),
            unit_of_cell=self.groups.of_cell,
            weights=self.weights,
        )


def patient_groups(predictions: Predictions) -> PatientGroups:
    """The patient groups of labelled predictions; one with cells of both classes counts in both."""
    _, first, of_cell = np.unique(
        np.char.add(np.where(predictions.labels == 1, "1", "0"), predictions.groups),
        return_index=True,
        return_inverse=True,
    )
    num_all = int(np.sum(predictions.labels[first] == 1))
    return PatientGroups(of_cell, len(first) - num_all, num_all)


def count_groups(
    predictions: Predictions, *, groups: PatientGroups | None = None
) -> dict[str, int]:
    """`num_images_all`, `num_images_hem`, `num_groups_all` and `num_groups_hem`.

    Args:
        predictions: Labelled.
        groups: Theirs, if they are known.
    """
    groups = groups or patient_groups(predictions)
    return {
        "num_images_all": int(np.sum(predictions.labels == 1)),
        "num_images_hem": int(np.sum(predictions.labels == 0)),
        "num_groups_all": groups.num_all,
        "num_groups_hem": groups.num_hem,
    }


def intervals(
    predictions: Predictions, *, threshold: float, bootstrap: Bootstrap | None = None
) -> dict[str, float | None]:
    """`KEY_low` and `KEY_high` of every metric of `evaluate`, at the level of .95, over patients.

    All metrics are taken of the same resamples. Cells of one patient resemble each other, so that
    an interval over cells would be far too narrow. An interval of `ece` says how it varies; it is
    biased upwards, in each resample again, and near 0 it says little of where the truth is.

    Args:
        predictions: Labelled, of both classes.
        threshold: In [0, 1], as `evaluate` takes it; it is not chosen again in each resample.
        bootstrap: Of these predictions; None makes one.

    Returns:
        Two numbers a metric; None where a class has fewer than `LEAST_GROUPS` groups.

    Raises:
        ValueError: A label is unpublished, or only one class is there.
    """
    require_both_classes(predictions)
    bootstrap = bootstrap or Bootstrap(predictions)
    bounds: dict[str, float | None] = {}
    for key, values in bootstrap.metrics(predictions, threshold=threshold).items():
        bounds |= named_ends(key, bootstrap.interval(values))
    return bounds


def named_ends(key: str, ends: Ends) -> Mapping[str, float | None]:
    """The ends of an interval as `KEY_low` and `KEY_high`."""
    return {f"{key}_low": ends[0], f"{key}_high": ends[1]}


def mean_with_interval(
    key: str, values: np.ndarray, predictions: Predictions, *, bootstrap: Bootstrap | None = None
) -> dict[str, float | None]:
    """The mean of a number that each cell has, as `KEY`, with `KEY_low` and `KEY_high`.

    Args:
        key: Its name.
        values: float64 `(n,)`.
        predictions: Labelled, of the same cells.
        bootstrap: Of these predictions; None makes one.
    """
    bootstrap = bootstrap or Bootstrap(predictions)
    weights, of_cell = bootstrap.weights, bootstrap.groups.of_cell
    means = (weights @ np.bincount(of_cell, values)) / (weights @ np.bincount(of_cell))
    return {key: float(np.mean(values)), **named_ends(key, bootstrap.interval(means))}


def bootstrap_weights(
    groups: PatientGroups, *, num_resamples: int = NUM_RESAMPLES, seed: int = 0
) -> np.ndarray:
    """How often each group is in each resample of its class, with replacement: float64 `(r, g)`."""
    rng = np.random.default_rng(seed)
    counts = [
        rng.multinomial(number, np.full(number, 1 / number), size=num_resamples)
        for number in (groups.num_hem, groups.num_all)
        if number
    ]
    return np.concatenate(counts, axis=1).astype(np.float64)


def interval(values: np.ndarray, groups: PatientGroups) -> Ends:
    """The interval that resamples of a metric give: percentiles, expanded for few groups.

    Plain percentiles are too narrow, as a standard deviation over n instead of n - 1 is, and as
    normal quantiles are beside those of Student's t. Hesterberg, 2015, The American Statistician
    69(4), expands them to correct both. The class with fewer groups decides how far.

    Args:
        values: float64 `(r,)`.
        groups: That were resampled.

    Returns:
        The lower and the upper end; None for both where a class has too few groups.
    """
    if groups.fewest < LEAST_GROUPS:
        return None, None
    tail = expanded_tail(groups.fewest)
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)


def expanded_tail(num_groups: int) -> float:
    """The share of resamples that is cut off at either end, for a mean over some groups."""
    quantile = special.stdtrit(num_groups - 1, (1 - LEVEL) / 2)
    return float(special.ndtr(quantile * np.sqrt(num_groups / (num_groups - 1))))
