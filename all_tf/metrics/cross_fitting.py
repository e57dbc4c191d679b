"""What a calibration is worth: each part of the patients scored by one fitted on the others."""

from typing import NamedTuple

import numpy as np

from all_tf.metrics.bootstrap import Bootstrap, named_ends, patient_groups
from all_tf.metrics.calibration import Calibration, fit_calibration
from all_tf.metrics.predictions import Predictions
from all_tf.metrics.weighted import weighted_metrics

MOST_PARTS = 5
MEASURED = ("kappa", "f1", "ece", "log_loss")


class Decided(NamedTuple):
    """Calibrated scores of cells, and decisions, each by the calibration that it falls to."""

    scores: np.ndarray  # float64 (n,) in [0, 1].
    decisions: np.ndarray  # int64 (n,) in {0, 1}.


def divide_patients(predictions: Predictions) -> np.ndarray:
    """The part of each cell, int64 `(n,)` in [0, k): patient groups of each class are dealt out.

    Groups are dealt in the order of their size, those of one class from the first part on and those
    of the other from the last, so that parts are of like size. k is `MOST_PARTS`, or the number
    of groups of the class that has fewer.

    Args:
        predictions: Labelled.

    Raises:
        ValueError: A class has fewer than two patient groups.
    """
    fewest = min(patient_groups(predictions)[1:])
    if fewest < 2:
        raise ValueError(
            "A calibration is fitted on some patients and measured on others, so that each class "
            f"needs two patients at least; ids of one person count once. Received: {fewest} of one "
            "class"
        )
    for number in range(min(MOST_PARTS, fewest), 1, -1):
        parts = _dealt(predictions, number)
        if all(len(set(predictions.labels[parts != part])) == 2 for part in range(number)):
            return parts
    raise ValueError(
        "The patients of one class cannot be held apart from those of the other, because too many "
        "have cells of both. Add patients of one class only."
    )


def _dealt(predictions: Predictions, number: int) -> np.ndarray:
    """The part of each cell, where groups are dealt to so many parts."""
    names, of_cell, sizes = np.unique(predictions.groups, return_inverse=True, return_counts=True)
    share_of_all = np.bincount(of_cell, predictions.labels) / sizes
    part_of_group = np.zeros(len(names), np.int64)
    for is_all in (True, False):
        mine = np.flatnonzero((share_of_all >= 0.5) == is_all)
        order = mine[np.lexsort((names[mine], -sizes[mine]))]
        turns = np.arange(len(order)) % number
        part_of_group[order] = turns if is_all else number - 1 - turns
    return part_of_group[of_cell]


def cross_fit(predictions: Predictions, parts: np.ndarray, *, min_sensitivity: float) -> Decided:
    """Score each part by temperature, bias and threshold that were fitted on all other parts.

    Args:
        predictions: Labelled; their logits are used.
        parts: As `divide_patients` gives them.
        min_sensitivity: As `fit_calibration` takes it.

    Raises:
        ValueError: Without one of the parts a class is missing.
    """
    scores, decisions = np.zeros(len(parts)), np.zeros(len(parts), np.int64)
    for part in np.unique(parts):
        held = parts == part
        fitted = fit_calibration(
            predictions.take(~held), fitted_on="other patients", min_sensitivity=min_sensitivity
        )
        decided = decide(predictions.take(held), fitted)
        scores[held], decisions[held] = decided
    return Decided(scores, decisions)


def decide(predictions: Predictions, calibration: Calibration) -> Decided:
    """Calibrated scores and decisions of cells by one calibration."""
    applied = calibration.apply(predictions)
    return Decided(applied.calibrated_scores, applied.decisions(calibration.threshold))


def measure(predictions: Predictions, decided: Decided) -> dict[str, float | None]:
    """The metrics `MEASURED` with their intervals over patient groups, as `KEY_low`, `KEY_high`.

    Args:
        predictions: Labelled, of both classes.
        decided: Of the same cells.
    """
    bootstrap = Bootstrap(predictions)
    found: dict[str, float | None] = {}
    units, ones = bootstrap.groups.of_cell, np.ones((1, bootstrap.groups.number))
    labels = predictions.labels
    once, drawn = (
        weighted_metrics(labels, *decided, unit_of_cell=units, weights=weights)
        for weights in (ones, bootstrap.weights)
    )
    for key in MEASURED:
        found[key] = float(once[key][0])
        found |= named_ends(key, bootstrap.interval(drawn[key]))
    return found
