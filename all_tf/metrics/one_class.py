"""Metrics of labelled cells that all have one class: those that are defined, with intervals."""

import numpy as np

from all_tf.metrics.bootstrap import Bootstrap, named_ends
from all_tf.metrics.predictions import Predictions
from all_tf.metrics.registry import METRICS, NEEDED_CLASS
from all_tf.metrics.weighted import additive_metrics

MISSING = "missing"  # The key of a report that says why metrics are None.


def only_class(predictions: Predictions) -> str | None:
    """The name of the class that all cells have; None where both are there.

    Args:
        predictions: Labelled.
    """
    found = np.unique(predictions.labels)
    return predictions.classes[found[0]] if len(found) == 1 else None


def one_class_metrics(
    predictions: Predictions, *, threshold: float, bootstrap: Bootstrap
) -> dict[str, float | str | None]:
    """Every metric with its interval; None where it needs a class that is not there.

    Accuracy, sensitivity or specificity, and the errors of the score are defined.
    F1, kappa or an area under a curve would be constants of such a set, or 0 / 0.

    Args:
        predictions: Labelled, of one class.
        threshold: In [0, 1].
        bootstrap: Of these predictions.

    Returns:
        `KEY`, `KEY_low` and `KEY_high` of each metric, and `missing`, the reason in words.
    """
    present = NEEDED_CLASS[int(predictions.labels[0])]
    cells = (
        predictions.labels,
        predictions.calibrated_scores,
        predictions.decisions(threshold),
    )
    of_all = np.zeros(len(predictions), np.int64)
    values = additive_metrics(*cells, unit_of_cell=of_all, weights=np.ones((1, 1)))
    resampled = additive_metrics(
        *cells, unit_of_cell=bootstrap.groups.of_cell, weights=bootstrap.weights
    )
    measured: dict[str, float | str | None] = {}
    for key, metric in METRICS.items():
        if metric.needs in ("any", present) and key in values:
            measured[key] = float(values[key][0])
            measured |= named_ends(key, bootstrap.interval(resampled[key]))
        elif metric.source != "epoch":  # A report has its own loss.
            measured |= {key: None, **named_ends(key, (None, None))}
    all_are = f"All cells are {only_class(predictions)}"
    return measured | {MISSING: f"{all_are}, so that metrics that need both classes are missing."}
