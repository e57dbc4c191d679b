"""The predictions of a model for some cells, and its metrics on them; numpy only."""

from dataclasses import dataclass

import numpy as np

from all_tf.metrics.weighted import weighted_metrics
from tfrecords.class_names import CNMC_CLASSES, ClassNames

THRESHOLD = 0.5  # Until one is fitted: a cell whose score is at or above it is called positive.


@dataclass(frozen=True, init=False)
class Predictions:
    """The predictions of a model for some cells; row i of every array is one cell."""

    names: np.ndarray  # str (n,)
    patients: np.ndarray  # str (n,)
    groups: np.ndarray  # str (n,): patients that are one person.
    labels: np.ndarray  # int64 (n,): 1 = the positive class, ALL; 0 = the other; -1 = unpublished.
    logits: np.ndarray  # float64 (n,), above 0 for the positive class.
    folds: np.ndarray  # int64 (n,); -1 outside the training split.
    calibrated_scores: np.ndarray  # float64 (n,) in [0, 1]; the scores until they are calibrated.
    classes: ClassNames  # What the cells' records call the classes.

    def __init__(
        self,
        names: np.ndarray,
        patients: np.ndarray,
        groups: np.ndarray,
        labels: np.ndarray,
        logits: np.ndarray,
        folds: np.ndarray | None = None,
        calibrated_scores: np.ndarray | None = None,
        *,
        classes: ClassNames = CNMC_CLASSES,
    ):
        values: dict[str, object] = {
            "names": names,
            "patients": patients,
            "groups": groups,
            "labels": labels,
            "logits": logits,
            "folds": np.full(len(names), -1) if folds is None else folds,
            "calibrated_scores": (
                logistic(logits) if calibrated_scores is None else calibrated_scores
            ),
            "classes": classes,
        }
        for key, value in values.items():
            object.__setattr__(self, key, value)  # The class is frozen.

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
        """The cells at these indices, or where this mask is true."""
        columns = {key: values[which] for key, values in self.columns().items()}
        return Predictions(**columns, classes=self.classes)

    def columns(self) -> dict[str, np.ndarray]:
        """The arrays by the name of their field."""
        return {key: values for key, values in vars(self).items() if key != "classes"}


def logistic(logits: np.ndarray) -> np.ndarray:
    """The logistic function: float64 in [0, 1]; overflows for no logit."""
    return 0.5 * (1 + np.tanh(0.5 * logits))


def evaluate(predictions: Predictions, *, threshold: float = THRESHOLD) -> dict[str, float]:
    """The metrics of labelled predictions (`all_tf.metrics.weighted.weighted_metrics`).

    All are computed from the calibrated scores, those of decisions at the threshold.

    Args:
        predictions: Labelled, of both classes.
        threshold: In [0, 1].

    Raises:
        ValueError: A label is unpublished, or only one class is there.
    """
    require_both_classes(predictions)
    values = weighted_metrics(
        predictions.labels,
        predictions.calibrated_scores,
        predictions.decisions(threshold),
        unit_of_cell=np.zeros(len(predictions.names), np.int64),
        weights=np.ones((1, 1)),
    )
    return {key: float(value[0]) for key, value in values.items()}


def require_both_classes(predictions: Predictions) -> None:
    """Refuse predictions for which metrics cannot be computed.

    Raises:
        ValueError: A label is unpublished, or only one class is there.
    """
    if set(np.unique(predictions.labels)) != {0, 1}:
        raise ValueError(
            "Metrics need labelled images of both classes. Choose another split. "
            f"Received: labels={np.unique(predictions.labels).tolist()}"
        )
