"""Log of each epoch: metrics and speed, in history.csv."""

import time
from collections.abc import Sequence
from pathlib import Path

import keras

from all_tf.runs.history_file import SPEED
from all_tf.system.tables import write_csv


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
            "learning_rate": learning_rate(self.model),
            "seconds": round(time.perf_counter() - self._began, 3),
        }
        self.rows.append(row)
        self._write()

    def _write(self) -> None:
        if not self.rows:
            self._path.unlink(missing_ok=True)
            return
        write_csv(self._path, self.rows)


def learning_rate(model: keras.Model) -> float:
    """Return the learning rate of the next step; one number even on several devices."""
    return float(keras.ops.convert_to_numpy(model.optimizer.learning_rate))
