"""The formulas of metrics of a 2x2 confusion matrix, for numpy and for `keras.ops` alike."""

from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Any


@dataclass(frozen=True)
class ConfusionCounts:
    """A 2x2 confusion matrix; the disease is the positive class.

    Counts are floating point scalars, or arrays of one shape, of the library `ops`: `numpy`, or
    `keras.ops` inside a graph. Formulas use shares of the total where they multiply: products of
    counts would exceed the precision of float32.
    """

    tn: Any
    fp: Any
    fn: Any
    tp: Any
    ops: ModuleType

    def ratio(self, part: Any, whole: Any) -> Any:
        """part / whole; nothing of nothing is 0, as in scikit-learn, so that it is a number."""
        return part / self.ops.where(whole > 0, whole, self.ops.ones_like(whole))

    @cached_property
    def total(self) -> Any:
        """All cells."""
        return self.tn + self.fp + self.fn + self.tp

    @cached_property
    def positives(self) -> Any:
        """Cells labelled positive."""
        return self.tp + self.fn

    @cached_property
    def negatives(self) -> Any:
        """Cells labelled negative."""
        return self.tn + self.fp

    @cached_property
    def called_positive(self) -> Any:
        """Cells called positive."""
        return self.tp + self.fp

    @cached_property
    def called_negative(self) -> Any:
        """Cells called negative."""
        return self.tn + self.fn

    def share(self, part: Any) -> Any:
        """The part of all cells, in [0, 1]."""
        return self.ratio(part, self.total)


def accuracy(counts: ConfusionCounts) -> Any:
    """The share of right decisions, in [0, 1]."""
    return counts.share(counts.tp + counts.tn)


def sensitivity(counts: ConfusionCounts) -> Any:
    """The share of positive cells called so, in [0, 1]."""
    return counts.ratio(counts.tp, counts.positives)


def specificity(counts: ConfusionCounts) -> Any:
    """The share of negative cells called so, in [0, 1]."""
    return counts.ratio(counts.tn, counts.negatives)


def balanced_accuracy(counts: ConfusionCounts) -> Any:
    """The mean of sensitivity and specificity, in [0, 1]."""
    return (sensitivity(counts) + specificity(counts)) / 2


def f1_all(counts: ConfusionCounts) -> Any:
    """F1 of the positive class, in [0, 1]."""
    return counts.ratio(2 * counts.tp, counts.positives + counts.called_positive)


def f1_hem(counts: ConfusionCounts) -> Any:
    """F1 of the negative class, in [0, 1]."""
    return counts.ratio(2 * counts.tn, counts.negatives + counts.called_negative)


def f1_macro(counts: ConfusionCounts) -> Any:
    """The plain mean of both classes' F1, in [0, 1]."""
    return (f1_all(counts) + f1_hem(counts)) / 2


def f1_weighted(counts: ConfusionCounts) -> Any:
    """The mean of both classes' F1, weighted by class frequency, in [0, 1]: the challenge's."""
    share = counts.share
    return share(counts.positives) * f1_all(counts) + share(counts.negatives) * f1_hem(counts)


def kappa(counts: ConfusionCounts) -> Any:
    """Cohen's kappa, in [-1, 1]: 1960, Educational and Psychological Measurement 20, equation 1."""
    observed, share = accuracy(counts), counts.share
    expected = share(counts.positives) * share(counts.called_positive) + share(
        counts.negatives
    ) * share(counts.called_negative)
    return counts.ratio(observed - expected, 1 - expected)


def mcc(counts: ConfusionCounts) -> Any:
    """Matthews' correlation, in [-1, 1]: 1975, Biochimica et Biophysica Acta 405."""
    share, sqrt = counts.share, counts.ops.sqrt
    spread = sqrt(share(counts.positives) * share(counts.negatives)) * sqrt(
        share(counts.called_positive) * share(counts.called_negative)
    )
    covariance = share(counts.tp) * share(counts.tn) - share(counts.fp) * share(counts.fn)
    return counts.ratio(covariance, spread)
