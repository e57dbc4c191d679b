"""The best epoch: its weights are kept, and training ends where no better one comes."""

import math
from pathlib import Path

import keras

from all_tf.config.choices import DIRECTIONS
from all_tf.evaluation.run_weights import save_weights


class BestWeights(keras.callbacks.Callback):
    """Keeps the weights of the best epoch by one figure; a figure that is not finite is no best.

    Args:
        path: Where they go.
        monitor: "val_" and a key of `all_tf.config.choices.DIRECTIONS`.

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

    def restore(self, best_epoch: int | None, best: float | None) -> None:
        """Go on from another process's best epoch; its weights are at the path already."""
        self.best_epoch, self.best = best_epoch, math.nan if best is None else best

    def on_epoch_end(self, epoch, logs=None):
        value = logs[self._monitor]
        first = self.best_epoch is None
        if math.isfinite(value) and (first or self._sign * value > self._sign * self.best):
            save_weights(self.model, self._path)
            self.best_epoch, self.best = epoch + 1, value


class LastWeights(BestWeights):
    """Keeps the weights of the last epoch, where there is no set to choose another one on."""

    def on_epoch_end(self, epoch, logs=None):
        save_weights(self.model, self._path)
        self.best_epoch, self.best = epoch + 1, 0.0
