"""TensorBoard's charts of the epochs, the plan of the training, and how far it has come."""

from collections.abc import Mapping
from statistics import median

import keras
import tensorflow as tf

from all_tf.config.choices import DIRECTIONS
from all_tf.metrics.registry import shown_in
from all_tf.runs.history_file import SPEED
from all_tf.system.courtesy import courtesy
from all_tf.system.progress import describe_duration
from all_tf.training.callbacks.best_weights import BestWeights
from all_tf.training.callbacks.epoch_log import CSVHistory, learning_rate
from all_tf.training.event_files import PLAN, SELECTION, TRAIN, EventWriters
from all_tf.training.tensorboard.layout import pinned_charts

_FIRST = tuple(shown_in("progress"))  # First charts in TensorBoard, with learning_rate.
_WHAT = "TensorBoard's chart of an epoch"


def tag_of(key: str) -> str:
    """Return the tag of a metric in TensorBoard."""
    return key if key in _FIRST else f"more/{key}"


class EpochCharts(keras.callbacks.Callback):
    """Writes every metric by epoch, with one tag for train/ and selection/: one chart shows both.

    TensorBoard sorts charts by their tags: F1 and kappa come first, because less important metrics
    have tags below "more/". The files are closed at the end of the training.

    Args:
        writers: The run's event files.
        records: The records of the run (`records_label`), as the description of every chart.
    """

    def __init__(self, writers: EventWriters, *, records: str | None = None):
        super().__init__()
        self._writers, self._records = writers, records

    def on_epoch_end(self, epoch, logs=None):
        with courtesy(_WHAT):
            self._write(epoch, logs)

    def on_train_end(self, logs=None):
        with courtesy(_WHAT):
            self._writers.close()

    def _write(self, epoch: int, logs: Mapping[str, float]) -> None:
        with self._writers.writing(TRAIN, step=epoch + 1):
            self._chart("learning_rate", learning_rate(self.model))
            for key in (*DIRECTIONS, SPEED):
                self._chart(tag_of(key), logs[key])
        chosen_on = {key: logs[f"val_{key}"] for key in DIRECTIONS if f"val_{key}" in logs}
        if chosen_on:
            with self._writers.writing(SELECTION, step=epoch + 1):
                for key, value in chosen_on.items():
                    self._chart(tag_of(key), value)
        self._writers.flush()

    def _chart(self, tag: str, value: float) -> None:
        tf.summary.scalar(tag, value, description=self._records)


class ProgressText(keras.callbacks.Callback):
    """Writes the plan before the first epoch, and after each the best so far and the time left.

    Args:
        writers: The run's event files.
        plan: The settings of the run as text (`all_tf.training.startup_text`).
        first_epoch: The first epoch of this process, from 0.
        best: Callback with the best epoch; it comes earlier in the list of callbacks.
        history: Callback with the epochs; it comes earlier too.
    """

    def __init__(
        self,
        writers: EventWriters,
        *,
        plan: str,
        first_epoch: int,
        best: BestWeights,
        history: CSVHistory,
    ):
        super().__init__()
        self._writers, self._plan, self._first_epoch = writers, plan, first_epoch
        self._best, self._history = best, history

    def on_train_begin(self, logs=None):
        with courtesy("TensorBoard's plan"), self._writers.writing(TRAIN, step=self._first_epoch):
            tf.summary.experimental.write_raw_pb(pinned_charts().SerializeToString())
            tf.summary.text(PLAN, "".join(f"    {line}\n" for line in self._plan.splitlines()))
            self._writers.flush()

    def on_epoch_end(self, epoch, logs=None):
        with courtesy("TensorBoard's progress"):
            self._write(epoch)

    def _write(self, epoch: int) -> None:
        with self._writers.writing(TRAIN, step=epoch + 1):
            tf.summary.text("progress", self._progress(epoch))
        name = self._best.chosen_by
        if name and self._best.best_epoch is not None:
            with self._writers.writing(SELECTION, step=epoch + 1):
                tf.summary.scalar(f"progress/best {name} so far", self._best.best)
        self._writers.flush()

    def _progress(self, epoch: int) -> str:
        """One line, as in "epoch 3 of 10; best kappa 0.712 at epoch 2; about 4 min left"."""
        epochs, parts = self.params["epochs"], [f"epoch {epoch + 1} of {self.params['epochs']}"]
        name = self._best.chosen_by
        if name and self._best.best_epoch is not None:
            parts.append(f"best {name} {self._best.best:.3f} at epoch {self._best.best_epoch}")
        if left := epochs - epoch - 1:
            seconds = [row["seconds"] for row in self._history.rows]
            # The first builds the graph.
            parts.append(f"about {describe_duration(left * median(seconds[1:] or seconds))} left")
        return "; ".join(parts)
