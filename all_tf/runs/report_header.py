"""The head of a report: which set, which epoch, which threshold, and what limits its metrics."""

from typing import NamedTuple

from all_tf.metrics.calibration import Calibration
from all_tf.metrics.predictions import Predictions


class Selection(NamedTuple):
    """How the evaluated weights were chosen, and what that means for metrics on a set."""

    selected_on: str  # The set that the epoch was chosen on, in words.
    stamps: list[str]  # As `all_tf.runs.stamps` gives them.
    best_epoch: int | None  # None for several networks together.


def report_header(
    predictions: Predictions,
    selection: Selection,
    calibration: Calibration,
    *,
    split: str,
    fold: int | None,
    records_sha256: str,
    tta: int = 1,
) -> dict:
    """The keys of a metrics.json that come before the metrics.

    Args:
        predictions: Of the set.
        selection: Of the weights that predicted it.
        calibration: That turned their logits into scores; its stamps are added to the others.
        split: Of the set.
        fold: Of the training split; None for all of a split.
        records_sha256: Of the manifest of the records that hold the set.
        tta: The number of test-time views of each image.
    """
    return {
        "split": split,
        "fold": fold,
        "records_sha256": records_sha256,
        "selected_on": selection.selected_on,
        "stamps": selection.stamps + calibration.stamps,
        "best_epoch": selection.best_epoch,
        "tta": tta,
        "threshold": calibration.threshold,
        "threshold_rule": calibration.rule,
        "calibrated_on": calibration.fitted_on,
        "num_images": len(predictions.names),
        "num_patients": len(set(predictions.patients) - {""}),
    }
