"""A calibration and a stored one compared: what the selection set gives."""

from collections.abc import Iterator

import numpy as np

from all_tf.config.experiment import Experiment
from all_tf.metrics.calibration import (
    NOT_CALIBRATED,
    Calibration,
    choose_threshold,
    platt_targets,
)
from all_tf.metrics.predictions import Predictions

# Those that follow from the settings of a run.
DERIVED_STAMPS = {"optimistic", "resubstitution", "leaky folds", NOT_CALIBRATED}
_FLAT = 1e-4  # The slope of a likelihood, a cell, at its highest point; machines round differently.


def calibration_contradictions(
    experiment: Experiment, source: str, calibration: Calibration, predictions: Predictions
) -> Iterator[str]:
    """Where a calibration is not the one that the selection set gives.

    Args:
        experiment: By whose rule the threshold was chosen.
        source: The name of the selection set.
        calibration: As it was stored.
        predictions: Of the selection set, calibrated.
    """
    found = {
        "fitted_on": source,
        "num_images": len(predictions),
        "num_groups": len(np.unique(predictions.groups)),
    }
    rule, threshold = choose_threshold(predictions, min_sensitivity=experiment.min_sensitivity)
    found["rule"] = rule
    for key, value in found.items():
        if getattr(calibration, key) != value:
            held = getattr(calibration, key)
            yield f"calibration.json: {key} is {held!r}, the selection set gives {value!r}"
    if abs(calibration.threshold - threshold) > 1e-6:
        yield f"calibration.json: threshold {calibration.threshold}, the rule gives {threshold}"
    residual = platt_targets(predictions.labels) - predictions.calibrated_scores
    centred = predictions.logits - np.mean(predictions.logits)
    slopes = (np.mean(residual), np.mean(residual * centred) / (np.std(centred) or 1))
    if not calibration.note and np.max(np.abs(slopes)) > _FLAT:
        yield "calibration.json: temperature and bias are not those that fit the selection set"
