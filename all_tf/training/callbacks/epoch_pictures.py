"""TensorBoard's pictures of the selection set while a training runs, and its AUROC by epoch."""

import time

import keras
import numpy as np
import tensorflow as tf

from all_tf.data.cells import Cells
from all_tf.metrics.per_patient import patient_rows
from all_tf.metrics.predictions import THRESHOLD, Predictions, evaluate
from all_tf.metrics.scored_set import ScoredSet
from all_tf.system.courtesy import courtesy
from all_tf.training.callbacks.epoch_charts import tag_of
from all_tf.training.event_files import SELECTION, EventWriters
from all_tf.training.kept_logits import KeptLogits
from all_tf.training.tensorboard.scored_sets import confusion_of, patients_of, write_picture

_SHARE = 0.05  # Of the time of a training that pictures may take.
_SECONDS = 0.5  # That two pictures take, until it is measured.


class EpochPictures(keras.callbacks.Callback):
    """Draws the confusion matrix and the patients of the selection set after an epoch.

    The scores are those of the validation, not calibrated. Epochs that are too short for two
    pictures have none. It comes earlier in the list than what closes the writers.

    Args:
        writers: The run's event files.
        kept: The logits of the validation.
        cells: The selection set.
        of: What it is, for titles.
    """

    def __init__(self, writers: EventWriters, kept: KeptLogits, *, cells: Cells, of: str):
        super().__init__()
        self._writers, self._kept, self._cells, self._of = writers, kept, cells, of

    def on_train_begin(self, logs=None):
        self._cost, self._drawn_at = _SECONDS, time.perf_counter()

    def on_test_begin(self, logs=None):
        self._kept.begin()

    def on_epoch_end(self, epoch, logs=None):
        with courtesy("TensorBoard's pictures of an epoch"):
            self._show(epoch)

    def _show(self, epoch: int) -> None:
        if len(np.unique(self._cells.labels)) < 2:
            return
        predictions = _predictions(self._cells, self._kept.values())
        with self._writers.writing(SELECTION, step=epoch + 1):
            tf.summary.scalar(tag_of("auc"), evaluate(predictions)["auc"])
            began = time.perf_counter()
            if began - self._drawn_at >= self._cost / _SHARE:
                self._draw(predictions, epoch)
                self._drawn_at = time.perf_counter()
                self._cost = self._drawn_at - began
        self._writers.flush()

    def _draw(self, predictions: Predictions, epoch: int) -> None:
        scored = ScoredSet(
            {"threshold": THRESHOLD}, predictions, patient_rows(predictions, threshold=THRESHOLD)
        )
        title = f"{self._of}, after epoch {epoch + 1}, not calibrated, threshold {THRESHOLD}"
        for name, draw in (("confusion matrix", confusion_of), ("patients", patients_of)):
            write_picture(f"pictures, each epoch/{name}", draw(scored), title=title)


def _predictions(cells: Cells, logits: np.ndarray) -> Predictions:
    return Predictions(
        cells.names, cells.patients, cells.groups, cells.labels, logits, classes=cells.classes
    )
