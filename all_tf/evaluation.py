"""From logits to figures of merit; numpy and scikit-learn only."""

from dataclasses import dataclass

import numpy as np
from sklearn import metrics

from all_tf.figures import read_off

THRESHOLD = 0.5  # Until one is fitted: a score at or above it is called ALL.


@dataclass(frozen=True)
class Predictions:
    """What a model says of some cells; row i of every array is one cell."""

    names: np.ndarray  # str (n,)
    patients: np.ndarray  # str (n,)
    groups: np.ndarray  # str (n,)
    labels: np.ndarray  # int64 (n,): 1 = ALL, 0 = HEM, -1 = unpublished.
    logits: np.ndarray  # float64 (n,), above 0 for ALL.

    @property
    def scores(self) -> np.ndarray:
        """The logistic function of the logits: float64 `(n,)` in [0, 1]."""
        return 0.5 * (1 + np.tanh(0.5 * self.logits))  # Overflows for no logit.

    def decisions(self, threshold: float) -> np.ndarray:
        """int64 `(n,)` in {0, 1}; 1 where the score is at least the threshold."""
        return (self.scores >= threshold).astype(np.int64)


def evaluate(predictions: Predictions, *, threshold: float = THRESHOLD) -> dict[str, float]:
    """Figures of merit of labelled predictions.

    Those of a decision are `all_tf.figures.read_off` at the threshold. Those of a score are
    scikit-learn's: `auc` (area under the ROC curve), `average_precision`, `brier` (mean squared
    error of the score) and `log_loss` (in nats, without class weights).

    Args:
        predictions: Labelled, of both classes.
        threshold: In [0, 1].

    Raises:
        ValueError: A label is unpublished, or only one class is there.
    """
    labels, scores = predictions.labels, predictions.scores
    if set(np.unique(labels)) != {0, 1}:
        raise ValueError(
            "Figures of merit need labelled images of both classes. Choose another split. "
            f"Received: labels={np.unique(labels).tolist()}"
        )
    confusion = metrics.confusion_matrix(labels, predictions.decisions(threshold))
    figures = read_off(*confusion.ravel().astype(float), ops=np)
    figures |= {
        "auc": metrics.roc_auc_score(labels, scores),
        "average_precision": metrics.average_precision_score(labels, scores),
        "brier": metrics.brier_score_loss(labels, scores),
        "log_loss": metrics.log_loss(labels, scores),
    }
    return {key: float(value) for key, value in figures.items()}
