"""The head of a report: which set, which epoch, which threshold, and what limits its metrics."""

from typing import NamedTuple

from all_tf.metrics.calibration import Calibration
from all_tf.metrics.predictions import Predictions


class SetPlace(NamedTuple):
    """Which set is evaluated, in which records, and what limits metrics on it."""

    split: str
    fold: int | None  # Of the training split; None for all of a split.
    records_sha256: str  # Of the manifest.
    stamps: list[str]  # As `all_tf.runs.stamps` gives them.
    records_name: str = ""  # Empty for those of a run of an earlier version.


class Selection(NamedTuple):
    """How the evaluated weights were chosen."""

    selected_on: str  # The set that the epoch was chosen on, in words.
    best_epoch: int | None  # None for several networks together.


def report_header(
    predictions: Predictions,
    place: SetPlace,
    selection: Selection,
    calibration: Calibration,
    *,
    tta: int = 1,
) -> dict:
    """The keys of a metrics.json that come before the metrics.

    Args:
        predictions: Of the set.
        place: Of the set.
        selection: Of the weights that predicted it.
        calibration: That turned their logits into scores; its stamps are added to the place's.
        tta: The number of test-time views of each image.
    """
    return {
        "split": place.split,
        "fold": place.fold,
        "records_name": place.records_name,
        "records_sha256": place.records_sha256,
        **predictions.classes.as_dict(),
        "selected_on": selection.selected_on,
        "stamps": place.stamps + calibration.stamps,
        "best_epoch": selection.best_epoch,
        "tta": tta,
        "threshold": calibration.threshold,
        "threshold_rule": calibration.rule,
        "calibrated_on": calibration.fitted_on,
        "num_images": len(predictions.names),
        "num_patients": len(set(predictions.patients) - {""}),
    }
