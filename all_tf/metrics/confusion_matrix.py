"""Metrics of a 2x2 confusion matrix, computed alike for an epoch and for a scored set."""

from types import ModuleType
from typing import Any

from all_tf.metrics.formulas import ConfusionCounts
from all_tf.metrics.registry import METRICS

STREAMED_METRICS = tuple(key for key, metric in METRICS.items() if metric.formula)


def metrics_from_counts(tn: Any, fp: Any, fn: Any, tp: Any, *, ops: ModuleType) -> dict[str, Any]:
    """Every metric of a two-class decision that has a formula (`all_tf.metrics.registry`).

    Args:
        tn, fp, fn, tp: Counts, floating point scalars or arrays of one shape.
        ops: The library they are of: `numpy`, or `keras.ops` inside a graph.

    Returns:
        The keys of `STREAMED_METRICS`, in the shape of the counts. A ratio of nothing to nothing
        is 0, as in scikit-learn, so that every metric is a number.
    """
    counts = ConfusionCounts(tn, fp, fn, tp, ops)
    return {key: metric.formula(counts) for key, metric in METRICS.items() if metric.formula}
