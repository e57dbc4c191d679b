"""Metrics of cells that count as often as their patients do, for many resamples at once."""

from collections.abc import Callable

import numpy as np

from all_tf.metrics.confusion_matrix import metrics_from_counts

NUM_BINS = 10  # Of the score, equally wide, for `ece` and for reliability diagrams.
_CHUNK = 2**19  # Numbers at a time, 4 MB: the cumulated counts of all resamples would take 170.


def weighted_metrics(
    labels: np.ndarray,
    scores: np.ndarray,
    decisions: np.ndarray,
    *,
    unit_of_cell: np.ndarray,
    weights: np.ndarray,
) -> dict[str, np.ndarray]:
    """Every metric, once for each row of weights.

    They are those of `additive_metrics` and two that depend on the order of the scores: `auc`, the
    area under the ROC curve by trapezoids, ties halved, and `average_precision`, the sum of
    precisions weighted by the rise in sensitivity, without interpolation. A weight of 2 is a cell
    that is there twice. With weights of 1 all equal scikit-learn's, where it has them.

    Args:
        labels: int64 `(n,)` in {0, 1}.
        scores: float64 `(n,)` in [0, 1].
        decisions: int64 `(n,)` in {0, 1}.
        unit_of_cell: int64 `(n,)` in [0, u): the unit, a patient group, that a cell is part of.
        weights: float64 `(r, u)`, not negative; each row leaves cells of both classes.

    Returns:
        float64 `(r,)` by key.
    """
    summed = additive_metrics(labels, scores, decisions, unit_of_cell=unit_of_cell, weights=weights)
    return summed | _ranking(labels, scores, unit_of_cell=unit_of_cell, weights=weights)


def additive_metrics(
    labels: np.ndarray,
    scores: np.ndarray,
    decisions: np.ndarray,
    *,
    unit_of_cell: np.ndarray,
    weights: np.ndarray,
) -> dict[str, np.ndarray]:
    """The metrics that follow from sums over the cells of each unit, which are quick.

    Metrics of the decisions are those of `all_tf.metrics.confusion_matrix.metrics_from_counts`.
    Metrics of the scores are `brier`, the mean squared error; `log_loss` in nats, for which scores
    are kept away from 0 and 1 by the machine's epsilon; and `ece`, the expected calibration error
    (Naeini, Cooper and Hauskrecht, 2015, AAAI), over `NUM_BINS` equal bins.

    Args and Returns:
        As `weighted_metrics` has them.
    """

    def total(values: np.ndarray) -> np.ndarray:
        """Sums over cells, `(n, k)` to `(r, k)`."""
        return weights @ _sum_units(values, unit_of_cell, num_units=weights.shape[1])

    counts = total(np.eye(4)[2 * labels + decisions])
    held = np.clip(scores, np.finfo(np.float64).eps, 1 - np.finfo(np.float64).eps)
    losses = np.stack([(scores - labels) ** 2, -np.log(np.where(labels == 1, held, 1 - held))], 1)
    brier, log_loss = total(losses).T / counts.sum(1)
    return {
        **metrics_from_counts(*counts.T, ops=np),
        "brier": brier,
        "log_loss": log_loss,
        "ece": _calibration_error(total, labels, scores) / counts.sum(1),
    }


def bin_of_score(scores: np.ndarray) -> np.ndarray:
    """int64 `(n,)` in [0, NUM_BINS): the last bin holds a score of 1 too."""
    return np.minimum((scores * NUM_BINS).astype(np.int64), NUM_BINS - 1)


def _sum_units(values: np.ndarray, unit_of_cell: np.ndarray, *, num_units: int) -> np.ndarray:
    columns = [np.bincount(unit_of_cell, column, num_units) for column in values.T]
    return np.stack(columns, axis=1)


def _calibration_error(
    total: Callable[[np.ndarray], np.ndarray], labels: np.ndarray, scores: np.ndarray
) -> np.ndarray:
    """The sum over bins of |sum of scores - number of positives|, float64 `(r,)`."""
    gaps = np.eye(NUM_BINS)[bin_of_score(scores)] * (scores - labels)[:, None]
    return np.abs(total(gaps)).sum(1)


def _ranking(
    labels: np.ndarray, scores: np.ndarray, *, unit_of_cell: np.ndarray, weights: np.ndarray
) -> dict[str, np.ndarray]:
    """The metrics that depend on the order of the scores alone."""
    order = np.argsort(-scores, kind="stable")
    labels, scores, unit_of_cell = labels[order], scores[order], unit_of_cell[order]
    ends = np.flatnonzero(np.append(np.diff(scores) != 0, True))  # Cells of one score are one step.
    rows = max(1, _CHUNK // len(labels))
    parts = [
        _areas(labels, weights[start : start + rows, unit_of_cell], ends)
        for start in range(0, len(weights), rows)
    ]
    auc, average_precision = np.concatenate(parts, axis=1)
    return {"auc": auc, "average_precision": average_precision}


def _areas(labels: np.ndarray, weights: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """AUROC and average precision `(2, r)` of weights `(r, n)` in falling order of score."""
    called = np.cumsum(weights, axis=1)[:, ends]
    hits = np.cumsum(weights * labels, axis=1)[:, ends]
    found = np.diff(hits, axis=1, prepend=0)
    passed = np.diff(called, axis=1, prepend=0) - found
    positives, negatives = hits[:, -1], called[:, -1] - hits[:, -1]
    # A unit of weight 0 may come first: no cell is called positive yet, and none is found.
    precision = hits / np.maximum(called, 1)
    area = (passed * (hits - found / 2)).sum(1) / (positives * negatives)
    return np.stack([area, (found * precision).sum(1) / positives])
