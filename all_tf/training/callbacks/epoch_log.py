"""What is noted of an epoch: its figures and its speed, on disk and in TensorBoard."""

import time
from collections.abc import Sequence
from pathlib import Path

import keras
import tensorflow as tf

from all_tf.config.choices import DIRECTIONS
from all_tf.metrics.registry import shown_in
from all_tf.system.tables import write_csv

SPEED = "images_per_second"  # In the logs of an epoch, history.csv, TensorBoard and metrics.json.

_FIRST = tuple(shown_in("progress"))  # Of the charts in TensorBoard; learning_rate is among them.


def tag_of(key: str) -> str:
    """The tag of a figure in TensorBoard."""
    return key if key in _FIRST else f"more/{key}"


class Speed(keras.callbacks.Callback):
    """Adds to an epoch's figures how many images it learnt from a second, validation left out.

    Args:
        num_images: Images an epoch; those that fill up its last batch do not count.
    """

    def __init__(self, num_images: int):
        super().__init__()
        self._num_images = num_images

    def on_epoch_begin(self, epoch, logs=None):
        self._began = time.perf_counter()

    def on_test_begin(self, logs=None):
        self._seconds = time.perf_counter() - self._began

    def on_epoch_end(self, epoch, logs=None):
        logs[SPEED] = round(self._num_images / self._seconds, 2)


class WithoutValidation(keras.callbacks.Callback):
    """Where nothing is validated, has done at an epoch's end what is done before a validation.

    Args:
        callbacks: Whose `on_test_begin` is called; they come later in the list of callbacks.
    """

    def __init__(self, callbacks: Sequence[keras.callbacks.Callback]):
        super().__init__()
        self._callbacks = callbacks

    def on_epoch_end(self, epoch, logs=None):
        for callback in self._callbacks:
            callback.on_test_begin(logs)


class CSVHistory(keras.callbacks.Callback):
    """history.csv: a line an epoch with every figure of both sets.

    `epoch` counts from 1; validation figures carry `val_`; `learning_rate` is that of the head
    after the epoch's last step; `seconds` is the epoch's duration, validation included.

    Attributes:
        rows: One dict an epoch.
    """

    def __init__(self, path: Path):
        super().__init__()
        self._path = path
        self._began = 0.0
        self.rows: list[dict] = []

    def restore(self, rows: list[dict]) -> None:
        """Go on from another process's epochs; what the file holds of later ones goes."""
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
    """Every figure by epoch, under one tag in train/ and in validation/: one chart shows both.

    TensorBoard sorts charts by their tags: F1 and kappa come first, since what is looked at less
    often stands below "more/".
    """

    def __init__(self, folder: Path):
        super().__init__()
        self._folder = folder

    def on_train_begin(self, logs=None):
        self._train = tf.summary.create_file_writer(str(self._folder / "train"))
        self._validation = tf.summary.create_file_writer(str(self._folder / "validation"))

    def on_epoch_end(self, epoch, logs=None):
        with self._train.as_default(step=epoch + 1):
            tf.summary.scalar("learning_rate", _learning_rate(self.model))
            for key in (*DIRECTIONS, SPEED):
                tf.summary.scalar(tag_of(key), logs[key])
        with self._validation.as_default(step=epoch + 1):
            for key in DIRECTIONS:
                if f"val_{key}" in logs:
                    tf.summary.scalar(tag_of(key), logs[f"val_{key}"])
        self._train.flush()
        self._validation.flush()

    def on_train_end(self, logs=None):
        self._train.close()
        self._validation.close()


def _learning_rate(model: keras.Model) -> float:
    """Of the next step; one number also where every device holds it."""
    return float(keras.ops.convert_to_numpy(model.optimizer.learning_rate))
