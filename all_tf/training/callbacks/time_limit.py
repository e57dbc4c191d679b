"""End of a training after a number of minutes, also within an epoch."""

import math
import time

import keras

from all_tf.runs.history_file import EPOCH_SHARE
from all_tf.training.callbacks.epoch_log import CSVHistory


class TimeLimit(keras.callbacks.Callback):
    """Ends training after the first step that passes the limit; the epoch is validated and kept.

    The time is that of the epochs: steps, the building of the graph, and validation. Epochs of an
    earlier process count with their `seconds` in the history. The validation of the last epoch
    comes on top. How far an epoch got stands in its logs as `EPOCH_SHARE`.

    Args:
        history: Callback with the epochs so far; it comes later in the list of callbacks.
        minutes: Above 0.
    """

    def __init__(self, history: CSVHistory, *, minutes: float):
        super().__init__()
        self._history = history
        self._minutes = minutes
        self._until = 0.0
        self._steps = 0

    def on_train_begin(self, logs=None):
        spent = sum(row["seconds"] for row in self._history.rows)
        self._until = time.perf_counter() + 60 * self._minutes - spent

    def on_train_batch_end(self, batch, logs=None):
        self._steps = batch + 1
        if self._is_over():
            self.model.stop_training = True

    def on_epoch_end(self, epoch, logs=None):
        share = self._steps / self.params["steps"]
        logs[EPOCH_SHARE] = math.floor(1e4 * share) / 1e4  # Below 1 unless it is whole.
        if not self._is_over() or (share == 1 and epoch + 1 == self.params["epochs"]):
            return
        self.model.stop_training = True
        print(
            f"stopped by --max-minutes {self._minutes:g} after {100 * share:.0f} % of epoch "
            f"{epoch + 1}/{self.params['epochs']}",
            flush=True,
        )

    def seconds_left(self) -> float:
        """Seconds until the limit, once training has begun; negative after it."""
        return self._until - time.perf_counter()

    def _is_over(self) -> bool:
        return self.seconds_left() <= 0
