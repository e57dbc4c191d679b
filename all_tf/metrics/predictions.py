"""What a model says of some cells, and its figures of merit; numpy only."""

from dataclasses import dataclass
from typing import cast

import numpy as np

from all_tf.metrics.weighted import weighted_metrics

_DERIVED = cast("np.ndarray", None)  # Replaced in `__post_init__`.
THRESHOLD = 0.5  # Until one is fitted: a score at or above it is called ALL.


@dataclass(frozen=True)
class Predictions:
    """What a model says of some cells; row i of every array is one cell."""

    names: np.ndarray  # str (n,)
    patients: np.ndarray  # str (n,)
    groups: np.ndarray  # str (n,): patients that are one person.
    labels: np.ndarray  # int64 (n,): 1 = ALL, 0 = HEM, -1 = unpublished.
    logits: np.ndarray  # float64 (n,), above 0 for ALL.
    # int64 (n,): -1 outside the training split, and by default.
    folds: np.ndarray = _DERIVED
    # float64 (n,) in [0, 1]: the scores by default.
    calibrated_scores: np.ndarray = _DERIVED

    def __post_init__(self):
        if self.folds is None:
            object.__setattr__(self, "folds", np.full(len(self.names), -1))
        if self.calibrated_scores is None:
            object.__setattr__(self, "calibrated_scores", self.scores)

    def __len__(self) -> int:
        return len(self.names)

    @property
    def scores(self) -> np.ndarray:
        """The logistic function of the logits: float64 `(n,)` in [0, 1]."""
        return logistic(self.logits)

    @property
    def labelled(self) -> bool:
        """Whether every cell has a published label."""
        return bool(np.all(self.labels >= 0))

    def decisions(self, threshold: float) -> np.ndarray:
        """int64 `(n,)` in {0, 1}; 1 where the calibrated score is at least the threshold."""
        return (self.calibrated_scores >= threshold).astype(np.int64)

    def take(self, which: np.ndarray) -> "Predictions":
        """Those at these indices, or where this mask is true."""
        return Predictions(**{key: values[which] for key, values in vars(self).items()})


def logistic(logits: np.ndarray) -> np.ndarray:
    """The logistic function: float64 in [0, 1]; overflows for no logit."""
    return 0.5 * (1 + np.tanh(0.5 * logits))


def evaluate(predictions: Predictions, *, threshold: float = THRESHOLD) -> dict[str, float]:
    """Figures of merit of labelled predictions (`all_tf.metrics.weighted.weighted_metrics`).

    Those of a decision are taken at the threshold, all of the calibrated score.

    Args:
        predictions: Labelled, of both classes.
        threshold: In [0, 1].

    Raises:
        ValueError: A label is unpublished, or only one class is there.
    """
    require_both_classes(predictions)
    figures = weighted_metrics(
        predictions.labels,
        predictions.calibrated_scores,
        predictions.decisions(threshold),
        unit_of_cell=np.zeros(len(predictions.names), np.int64),
        weights=np.ones((1, 1)),
    )
    return {key: float(value[0]) for key, value in figures.items()}


def require_both_classes(predictions: Predictions) -> None:
    """Let only predictions pass that figures of merit can be computed of.

    Raises:
        ValueError: A label is unpublished, or only one class is there.
    """
    if set(np.unique(predictions.labels)) != {0, 1}:
        raise ValueError(
            "Figures of merit need labelled images of both classes. Choose another split. "
            f"Received: labels={np.unique(predictions.labels).tolist()}"
        )
