"""Two models on the same cells: by how much they differ, and whether they can be told apart."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from all_tf.metrics.bootstrap import (
    LEAST_GROUPS,
    LEVEL,
    PatientGroups,
    bootstrap_weights,
    interval,
    patient_groups,
)
from all_tf.metrics.predictions import Predictions, require_both_classes
from all_tf.metrics.registry import METRICS
from all_tf.metrics.weighted import additive_metrics, weighted_metrics

_MOST_FLIPS = 10_000  # Where there are no more in all, each is looked at once.
_CHUNK = 2**22  # Coins at a time: 34 MB, however many groups there are.
_ROUNDING = 1e-12  # By which equal differences may differ.


class PairError(ValueError):
    """Two models that were not scored on the same cells; the message says in what they differ."""


class ScoredRun(NamedTuple):
    """What a model says, and from which calibrated score on it says ALL."""

    predictions: Predictions
    threshold: float


class Difference(NamedTuple):
    """Of a figure, the first model's less the second's."""

    first: float
    second: float
    low: float | None  # The interval of the difference; None where none can be estimated.
    high: float | None
    p_value: float | None  # None there too, and for figures of the order of the scores.
    better: int  # 1 where the first is, -1 where the second is, 0 where they cannot be told apart.


def paired_differences(
    first: ScoredRun, second: ScoredRun, *, figures: Callable = weighted_metrics
) -> dict[str, Difference]:
    """The difference in every figure, over patients.

    The interval is that of `all_tf.metrics.bootstrap.interval`, both models being looked at in the
    same draws. The p-value is of Fisher's randomisation test (1935, The Design of Experiments,
    section 21): if it makes no difference which model is which, what they say of a patient group
    may be exchanged. So for each group a coin decides whether the models change places, and p is
    the share of throws whose difference is at least as large. For the share of right decisions and
    for `brier` that flips the signs of the groups' differences; for ratios such as F1 it is Yeh's
    test (2000, COLING). Groups are thrown for, not cells: McNemar's test on cells takes chance for
    a difference in more than a quarter of all cases.

    Two models are told apart where 0 lies outside the interval and p, if there is one, is below
    .05. Of twenty figures one does so by chance.

    Args:
        first, second: Labelled, of both classes, of the same cells in any order.
        figures: `weighted_metrics`, or `additive_metrics` where `auc` and `average_precision` are
            not asked for: that takes a hundredth of the time.

    Raises:
        PairError: The cells, their labels or their groups are not the same.
        ValueError: As `evaluate` raises it.
    """
    first, second = _aligned(first, second)
    units = patient_groups(first.predictions)
    weights = np.concatenate(
        [np.ones((1, units.num_hem + units.num_all)), bootstrap_weights(units)]
    )
    ours, theirs = (
        figures(**_arrays(each), unit_of_cell=units.of_cell, weights=weights)
        for each in (first, second)
    )
    p_values = _randomise(first, second, units) if units.fewest >= LEAST_GROUPS else {}
    found = {}
    for key in ours:
        low, high = interval(ours[key][1:] - theirs[key][1:], units)
        p_value = p_values.get(key)
        better = 0
        if low is not None and not low <= 0 <= high and (p_value is None or p_value < 1 - LEVEL):
            better = (1 if low > 0 else -1) * (-1 if METRICS[key].direction == "min" else 1)
        found[key] = Difference(
            float(ours[key][0]), float(theirs[key][0]), low, high, p_value, better
        )
    return found


def _aligned(first: ScoredRun, second: ScoredRun) -> tuple[ScoredRun, ScoredRun]:
    """Both with their cells sorted by name."""
    require_both_classes(first.predictions)
    sides = [
        each._replace(predictions=each.predictions.take(np.argsort(each.predictions.names)))
        for each in (first, second)
    ]
    one, other = (side.predictions for side in sides)
    if not np.array_equal(one.names, other.names):
        shared = len(np.intersect1d(one.names, other.names))
        raise PairError(
            "Runs that were scored on different images cannot be compared. Score both on the same "
            f"set: python scripts/evaluate.py RUN. Received: {len(one.names):,} and "
            f"{len(other.names):,} images, {shared:,} of them the same"
        )
    for key in ("labels", "groups"):
        if not np.array_equal(getattr(one, key), getattr(other, key)):
            raise PairError(
                f"The images are the same, but their {key} are not: the records were packed anew "
                "in between. Score both runs on the same records: python scripts/evaluate.py RUN"
            )
    return tuple(sides)


def _arrays(side: ScoredRun) -> dict[str, np.ndarray]:
    return {
        "labels": side.predictions.labels,
        "scores": side.predictions.calibrated_scores,
        "decisions": side.predictions.decisions(side.threshold),
    }


def _randomise(first: ScoredRun, second: ScoredRun, units: PatientGroups) -> dict[str, float]:
    """p-values by key, of the figures that follow from sums."""
    both = {
        key: np.concatenate([ours, theirs])
        for (key, ours), theirs in zip(
            _arrays(first).items(), _arrays(second).values(), strict=True
        )
    }
    num_units = units.num_hem + units.num_all
    of_cell = np.concatenate([units.of_cell, units.of_cell + num_units])

    def distances(changed: np.ndarray) -> dict[str, np.ndarray]:
        ours, theirs = (
            additive_metrics(**both, unit_of_cell=of_cell, weights=np.concatenate(halves, axis=1))
            for halves in ((1 - changed, changed), (changed, 1 - changed))
        )
        return {key: np.abs(ours[key] - theirs[key]) for key in ours}

    throws = _throws(num_units)
    rows = max(1, _CHUNK // num_units)
    parts = [
        distances(throws[start : start + rows].astype(np.float64))
        for start in range(0, len(throws), rows)
    ]
    p_values = {}
    for key in parts[0]:
        found = np.concatenate([part[key] for part in parts])
        p_values[key] = float(np.mean(found >= found[0] - _ROUNDING))
    return p_values


def _throws(num_units: int) -> np.ndarray:
    """Which units change places, uint8 `(throws, u)` of 0 and 1; at first none does.

    All there are, if those are few enough, else so many by chance; the one that happened is among
    them, so that p is never 0: Phipson and Smyth, 2010, Statistical Applications in Genetics 9.
    """
    if 2**num_units <= _MOST_FLIPS:
        return (np.arange(2**num_units)[:, None] >> np.arange(num_units) & 1).astype(np.uint8)
    throws = np.random.default_rng(0).integers(0, 2, (_MOST_FLIPS + 1, num_units), np.uint8)
    throws[0] = 0
    return throws
