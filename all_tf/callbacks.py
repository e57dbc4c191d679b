"""What happens at the end of an epoch: F1 and kappa on screen, on disk and in TensorBoard."""

import csv
import math
import time
from pathlib import Path

import keras
import tensorflow as tf

from all_tf.checkpoints import save_weights
from all_tf.names import DIRECTIONS
from all_tf.progress import bar

_SHOWN = ("loss", "f1", "kappa")  # On the screen; history.csv and TensorBoard have all of them.
_TIMED_STEPS = 5  # After the first, which builds the graph.


class BestWeights(keras.callbacks.Callback):
    """Keeps the weights of the best epoch by one figure; a figure that is not finite is no best.

    Args:
        path: Where they go.
        monitor: "val_" and a key of `names.DIRECTIONS`.

    Attributes:
        best_epoch: Counted from 1; None before there is one.
        best: The figure then.
    """

    def __init__(self, path: Path, *, monitor: str):
        super().__init__()
        self._path = path
        self._monitor = monitor
        self._sign = {"max": 1, "min": -1}[DIRECTIONS[monitor.removeprefix("val_")]]
        self.best_epoch: int | None = None
        self.best = math.nan

    def on_epoch_end(self, epoch, logs=None):
        value = logs[self._monitor]
        first = self.best_epoch is None
        if math.isfinite(value) and (first or self._sign * value > self._sign * self.best):
            save_weights(self.model, self._path)
            self.best_epoch, self.best = epoch + 1, value


class HistoryFile(keras.callbacks.Callback):
    """history.csv: a line an epoch with every figure of both sets.

    `epoch` counts from 1; validation figures carry `val_`; `seconds` is the epoch's duration,
    validation included.
    """

    def __init__(self, path: Path):
        super().__init__()
        self._path = path
        self._began = 0.0

    def on_epoch_begin(self, epoch, logs=None):
        self._began = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        row = {
            "epoch": epoch + 1,
            **logs,
            "learning_rate": float(self.model.optimizer.learning_rate),
            "seconds": round(time.perf_counter() - self._began, 3),
        }
        new = not self._path.exists()
        with self._path.open("a", newline="", encoding="utf-8") as file:
            rows = csv.DictWriter(file, list(row), lineterminator="\n")
            if new:
                rows.writeheader()
            rows.writerow(row)


class TensorBoardScalars(keras.callbacks.Callback):
    """Every figure by epoch, under one tag in train/ and in validation/: one chart shows both."""

    def __init__(self, folder: Path):
        super().__init__()
        self._folder = folder

    def on_train_begin(self, logs=None):
        self._train = tf.summary.create_file_writer(str(self._folder / "train"))
        self._validation = tf.summary.create_file_writer(str(self._folder / "validation"))

    def on_epoch_end(self, epoch, logs=None):
        with self._train.as_default(step=epoch + 1):
            tf.summary.scalar("learning_rate", self.model.optimizer.learning_rate)
            for key in DIRECTIONS:
                tf.summary.scalar(key, logs[key])
        with self._validation.as_default(step=epoch + 1):
            for key in DIRECTIONS:
                tf.summary.scalar(key, logs[f"val_{key}"])
        self._train.flush()
        self._validation.flush()

    def on_train_end(self, logs=None):
        self._train.close()
        self._validation.close()


class ProgressLine(keras.callbacks.Callback):
    """A bar while an epoch runs, a line once it has ended, and one estimate of the whole.

    Args:
        best: Tells whether the epoch that has just ended is the best so far; it comes earlier in
            the list of callbacks.
        num_images: Of the training set and of the selection set.
    """

    def __init__(self, best: BestWeights, *, num_images: tuple[int, int]):
        super().__init__()
        self._best = best
        self._validation_share = num_images[1] / num_images[0]
        self._timed_from: float | None = None
        self._estimated = False

    def on_epoch_begin(self, epoch, logs=None):
        epochs, steps = self.params["epochs"], self.params["steps"]
        self._bar = bar(f"epoch {epoch + 1}/{epochs}", steps, unit="step")
        self._began = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        self._bar.set_postfix({key: f"{logs[key]:.3f}" for key in _SHOWN}, refresh=False)
        self._bar.update()
        if self._timed_from is None:
            self._timed_from = time.perf_counter()
        elif not self._estimated and batch == min(_TIMED_STEPS, self.params["steps"] - 1):
            self._estimated = True
            self._print_estimate((time.perf_counter() - self._timed_from) / batch)

    def on_epoch_end(self, epoch, logs=None):
        self._bar.close()
        train = "  ".join(f"{key} {logs[key]:.3f}" for key in _SHOWN)
        validation = "  ".join(f"val_{key} {logs[f'val_{key}']:.3f}" for key in _SHOWN)
        seconds = time.perf_counter() - self._began
        mark = "  best" if self._best.best_epoch == epoch + 1 else ""
        print(
            f"epoch {epoch + 1}/{self.params['epochs']}  {train}  |  {validation}  "
            f"{seconds:.0f} s{mark}",
            flush=True,
        )

    def _print_estimate(self, seconds_per_step: float) -> None:
        steps = self.params["steps"] * self.params["epochs"]
        # An image that is only looked at costs about a third of one that is learnt from.
        seconds = seconds_per_step * steps * (1 + self._validation_share / 3)
        self._bar.write(
            f"{seconds_per_step:.2f} s a step: about {_duration(seconds)} "
            f"for {self.params['epochs']} epochs"
        )


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
