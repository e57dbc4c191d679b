"""Results of a model for each patient and on each fold."""

from typing import Any

import numpy as np

from all_tf.metrics.bootstrap import count_groups
from all_tf.metrics.predictions import Predictions, evaluate
from all_tf.metrics.pseudonyms import pseudonyms
from all_tf.metrics.registry import shown_in

_FOLD_METRICS = tuple(shown_in("folds", first=("f1", "kappa", "accuracy", "auc")))


def patient_rows(predictions: Predictions, *, threshold: float) -> list[dict[str, Any]]:
    """A row for each patient, the worst first; of two with one share, the one with more cells.

    Args:
        predictions: Labelled.
        threshold: In [0, 1], as `evaluate` takes it.

    Returns:
        `patient`, `pseudonym`, `group`, `label`, `fold` (None outside the training split),
        `num_images`, `num_correct`, `share_correct`, `mean_score` (of the calibrated scores).
    """
    names = pseudonyms(predictions.patients, predictions.labels, classes=predictions.classes)
    correct = predictions.decisions(threshold) == predictions.labels
    patients, first, of_cell = np.unique(
        predictions.patients, return_index=True, return_inverse=True
    )
    num_images = np.bincount(of_cell)
    num_correct = np.bincount(of_cell, correct).astype(int)
    sums = np.bincount(of_cell, predictions.calibrated_scores)
    rows: list[dict[str, Any]] = [
        {
            "patient": str(patient),
            "pseudonym": names[str(patient)],
            "group": str(predictions.groups[at]),
            "label": int(predictions.labels[at]),
            "fold": int(predictions.folds[at]) if predictions.folds[at] >= 0 else None,
            "num_images": int(num_images[n]),
            "num_correct": int(num_correct[n]),
            "share_correct": float(num_correct[n] / num_images[n]),
            "mean_score": float(sums[n] / num_images[n]),
        }
        for n, (patient, at) in enumerate(zip(patients, first, strict=True))
    ]
    return sorted(rows, key=lambda row: (row["share_correct"], -row["num_images"], row["patient"]))


def fold_rows(predictions: Predictions, *, threshold: float) -> list[dict[str, Any]]:
    """A row for each fold; its metrics are None where it has one class only.

    Args:
        predictions: Labelled.
        threshold: In [0, 1], as `evaluate` takes it.
    """
    rows: list[dict[str, Any]] = []
    for fold in np.unique(predictions.folds[predictions.folds >= 0]):
        cells = predictions.take(predictions.folds == fold)
        both = len(np.unique(cells.labels)) == 2
        values = evaluate(cells, threshold=threshold) if both else {}
        rows.append(
            {"fold": int(fold)}
            | count_groups(cells)
            | {key: values.get(key) for key in _FOLD_METRICS}
        )
    return rows
