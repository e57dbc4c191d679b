"""Two models on the same cells: how much their metrics differ, and whether by more than chance."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from all_tf.metrics.bootstrap import LEAST_GROUPS, LEVEL, Bootstrap, PatientGroups
from all_tf.metrics.predictions import Predictions, require_both_classes
from all_tf.metrics.registry import METRICS
from all_tf.metrics.weighted import additive_metrics, weighted_metrics

_MOST_FLIPS = 10_000  # Where there are no more in all, each is evaluated once.
_CHUNK = 2**22  # Flips at a time: 34 MB, however many groups there are.
_ROUNDING = 1e-12  # By which equal differences may differ.


class PairError(ValueError):
    """Two models that were not scored on the same cells; the message says in what they differ."""


class ScoredRun(NamedTuple):
    """The predictions of a model, and the calibrated score from which on cells are positive."""

    predictions: Predictions
    threshold: float


class Difference(NamedTuple):
    """A metric of two models, the first one's less the second's."""

    first: float
    second: float
    low: float | None  # The interval of the difference; None where none can be estimated.
    high: float | None
    p_value: float | None  # None there too, and for metrics of the order of the scores.
    better: int  # 1 where the first is, -1 where the second is, 0 where they cannot be told apart.

    @property
    def is_estimable(self) -> bool:
        """Whether there is an interval; without one nothing is known about the difference."""
        return self.low is not None and self.high is not None


def paired_differences(
    first: ScoredRun, second: ScoredRun, *, figures: Callable = weighted_metrics
) -> dict[str, Difference]:
    """The difference in every metric, over patients.

    The interval is that of `all_tf.metrics.bootstrap.interval`; both models are evaluated on the
    same resamples. The p-value is that of Fisher's randomisation test (1935, The Design of
    Experiments, section 21): if the models are equally good, their predictions for a patient group
    may be exchanged. So the predictions of each group are exchanged at random, again and again,
    and p is the share of exchanges whose difference is at least as large. For accuracy and `brier`
    that flips the signs of the groups' differences; for ratios such as F1 it is Yeh's test (2000,
    COLING). Groups are exchanged, not cells: McNemar's test on cells finds a difference in more
    than a quarter of all pairs of equal models.

    Two models are told apart where 0 lies outside the interval and p, if there is one, is below
    .05. One metric in twenty does so by chance.

    Args:
        first, second: Labelled, of both classes, of the same cells in any order.
        figures: Computes the metrics: `weighted_metrics`, or `additive_metrics` where `auc` and
            `average_precision` are not needed, in a hundredth of the time.

    Raises:
        PairError: The cells, their labels or their groups are not the same.
        ValueError: A label is unpublished, or only one class is there.
    """
    first, second = _aligned(first, second)
    bootstrap = Bootstrap(first.predictions)
    groups = bootstrap.groups
    weights = np.concatenate([np.ones((1, groups.number)), bootstrap.weights])
    ours, theirs = (
        figures(**_arrays(each), unit_of_cell=groups.of_cell, weights=weights)
        for each in (first, second)
    )
    p_values = _p_values(first, second, groups) if groups.fewest >= LEAST_GROUPS else {}
    differences = {}
    for key in ours:
        low, high = bootstrap.interval(ours[key][1:] - theirs[key][1:])
        p_value = p_values.get(key)
        differences[key] = Difference(
            first=float(ours[key][0]),
            second=float(theirs[key][0]),
            low=low,
            high=high,
            p_value=p_value,
            better=_better(key, low, high, p_value),
        )
    return differences


def _better(key: str, low: float | None, high: float | None, p_value: float | None) -> int:
    """1 where the first model is better, -1 where the second is, 0 where neither is shown to be."""
    if low is None or high is None or low <= 0 <= high:
        return 0
    if p_value is not None and p_value >= 1 - LEVEL:
        return 0
    higher = 1 if low > 0 else -1
    return -higher if METRICS[key].direction == "min" else higher


def _aligned(first: ScoredRun, second: ScoredRun) -> tuple[ScoredRun, ScoredRun]:
    """Both with their cells sorted by name."""
    require_both_classes(first.predictions)
    one, other = (
        each.predictions.take(np.argsort(each.predictions.names)) for each in (first, second)
    )
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
    return first._replace(predictions=one), second._replace(predictions=other)


def _arrays(scored: ScoredRun) -> dict[str, np.ndarray]:
    return {
        "labels": scored.predictions.labels,
        "scores": scored.predictions.calibrated_scores,
        "decisions": scored.predictions.decisions(scored.threshold),
    }


def _p_values(first: ScoredRun, second: ScoredRun, groups: PatientGroups) -> dict[str, float]:
    """p-values by key, of the metrics that follow from sums."""
    both = {
        key: np.concatenate([ours, theirs])
        for (key, ours), theirs in zip(
            _arrays(first).items(), _arrays(second).values(), strict=True
        )
    }
    of_cell = np.concatenate([groups.of_cell, groups.of_cell + groups.number])

    def distances(changed: np.ndarray) -> dict[str, np.ndarray]:
        ours, theirs = (
            additive_metrics(**both, unit_of_cell=of_cell, weights=np.concatenate(halves, axis=1))
            for halves in ((1 - changed, changed), (changed, 1 - changed))
        )
        return {key: np.abs(ours[key] - theirs[key]) for key in ours}

    throws = _throws(groups.number)
    rows = max(1, _CHUNK // groups.number)
    parts = [
        distances(throws[start : start + rows].astype(np.float64))
        for start in range(0, len(throws), rows)
    ]
    p_values = {}
    for key in parts[0]:
        found = np.concatenate([part[key] for part in parts])
        p_values[key] = float(np.mean(found >= found[0] - _ROUNDING))
    return p_values


def _throws(num_groups: int) -> np.ndarray:
    """Whose predictions are exchanged, uint8 `(throws, g)` of 0 and 1; in the first row nobody's.

    They are all that are possible if those are few enough, else `_MOST_FLIPS` by chance. What was
    observed is among them, so that p is never 0: Phipson and Smyth, 2010, Statistical Applications
    in Genetics 9.
    """
    if 2**num_groups <= _MOST_FLIPS:
        return (np.arange(2**num_groups)[:, None] >> np.arange(num_groups) & 1).astype(np.uint8)
    throws = np.random.default_rng(0).integers(0, 2, (_MOST_FLIPS + 1, num_groups), np.uint8)
    throws[0] = 0
    return throws
