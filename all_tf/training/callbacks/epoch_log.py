"""Log of each epoch: metrics and speed, in history.csv and in TensorBoard."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import keras
import tensorflow as tf

from all_tf.config.choices import DIRECTIONS
from all_tf.metrics.registry import shown_in
from all_tf.system.courtesy import courtesy
from all_tf.system.tables import write_csv

SPEED = "images_per_second"  # In the logs of an epoch, history.csv, TensorBoard and metrics.json.

_FIRST = tuple(shown_in("progress"))  # First charts in TensorBoard, with learning_rate.
_CHARTS = "TensorBoard's chart of an epoch"


def tag_of(key: str) -> str:
    """Return the tag of a metric in TensorBoard."""
    return key if key in _FIRST else f"more/{key}"


class Speed(keras.callbacks.Callback):
    """Adds the training images a second to the logs of an epoch, without the time of validation.

    Args:
        num_images: Images in an epoch, without the padding of its last batch.
    """

    def __init__(self, num_images: int):
        super().__init__()
        self._num_images = num_images
        self._share = 1.0  # Of the epoch that was trained.

    def on_train_batch_end(self, batch, logs=None):
        self._share = (batch + 1) / self.params["steps"]

    def on_epoch_begin(self, epoch, logs=None):
        self._began = time.perf_counter()

    def on_test_begin(self, logs=None):
        self._seconds = time.perf_counter() - self._began

    def on_epoch_end(self, epoch, logs=None):
        logs[SPEED] = round(self._share * self._num_images / self._seconds, 2)


class WithoutValidation(keras.callbacks.Callback):
    """Without a validation set, runs the callbacks' `on_test_begin` at the end of each epoch.

    Args:
        callbacks: Callbacks with an `on_test_begin`; they come later in the list of callbacks.
    """

    def __init__(self, callbacks: Sequence[keras.callbacks.Callback]):
        super().__init__()
        self._callbacks = callbacks

    def on_epoch_end(self, epoch, logs=None):
        for callback in self._callbacks:
            callback.on_test_begin(logs)


class CSVHistory(keras.callbacks.Callback):
    """Writes history.csv: a line for each epoch with every metric of both sets.

    `epoch` counts from 1; validation metrics have the prefix `val_`; `learning_rate` is that of the
    head after the epoch's last step; `seconds` is the epoch's duration, including validation.

    Attributes:
        rows: One dict for each epoch.
    """

    def __init__(self, path: Path):
        super().__init__()
        self._path = path
        self._began = 0.0
        self.rows: list[dict] = []

    def restore(self, rows: list[dict]) -> None:
        """Restore the epochs of an earlier process; later ones are removed from the file."""
        self.rows = list(rows)
        self._write()

    def on_epoch_begin(self, epoch, logs=None):
        self._began = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        row = {
            "epoch": epoch + 1,
            **logs,
            "learning_rate": _learning_rate(self.model),
            "seconds": round(time.perf_counter() - self._began, 3),
        }
        self.rows.append(row)
        self._write()

    def _write(self) -> None:
        if not self.rows:
            self._path.unlink(missing_ok=True)
            return
        write_csv(self._path, self.rows)


class TensorBoardScalars(keras.callbacks.Callback):
    """Writes every metric by epoch, with one tag for train/ and validation/: one chart shows both.

    TensorBoard sorts charts by their tags: F1 and kappa come first, because less important metrics
    have tags below "more/".

    Args:
        folder: Of the event files.
        records: The records of the run (`records_label`), as the description of every chart.
    """

    def __init__(self, folder: Path, *, records: str | None = None):
        super().__init__()
        self._folder, self._records = folder, records

    def on_train_begin(self, logs=None):
        with courtesy(_CHARTS):
            self._train = tf.summary.create_file_writer(str(self._folder / "train"))
            self._validation = tf.summary.create_file_writer(str(self._folder / "validation"))

    def on_epoch_end(self, epoch, logs=None):
        with courtesy(_CHARTS):
            self._write(epoch, logs)

    def on_train_end(self, logs=None):
        with courtesy(_CHARTS):
            self._train.close()
            self._validation.close()

    def _write(self, epoch: int, logs: Mapping[str, float]) -> None:
        with self._train.as_default(step=epoch + 1):
            self._chart("learning_rate", _learning_rate(self.model))
            for key in (*DIRECTIONS, SPEED):
                self._chart(tag_of(key), logs[key])
        with self._validation.as_default(step=epoch + 1):
            for key in DIRECTIONS:
                if f"val_{key}" in logs:
                    self._chart(tag_of(key), logs[f"val_{key}"])
        self._train.flush()
        self._validation.flush()

    def _chart(self, tag: str, value: float) -> None:
        tf.summary.scalar(tag, value, description=self._records)


def _learning_rate(model: keras.Model) -> float:
    """Return the learning rate of the next step; one number even on several devices."""
    return float(keras.ops.convert_to_numpy(model.optimizer.learning_rate))
