"""The weights of the best epoch, or of the last one, saved to a file."""

import math
from pathlib import Path

import keras

from all_tf.config.choices import DIRECTIONS
from all_tf.evaluation.run_weights import save_weights


class BestWeights(keras.callbacks.Callback):
    """Saves the weights of the best epoch by one metric; a metric that is not finite is ignored.

    Args:
        path: The file for the weights.
        monitor: "val_" and a key of `all_tf.config.choices.DIRECTIONS`.
        network: Whose weights are saved; None for the model that is trained.

    Attributes:
        best_epoch: The best epoch so far, from 1; None before there is one.
        best: Its metric.
    """

    def __init__(self, path: Path, *, monitor: str, network: keras.Model | None = None):
        super().__init__()
        self._network = network
        self._path = path
        self._monitor = monitor
        self._sign = {"max": 1, "min": -1}[DIRECTIONS[monitor.removeprefix("val_")]]
        self.best_epoch: int | None = None
        self.best = math.nan

    @property
    def chosen_by(self) -> str | None:
        """The metric that the epoch is chosen by, without "val_"; None if the last one is kept."""
        return self._monitor.removeprefix("val_")

    def restore(self, best_epoch: int | None, best: float | None) -> None:
        """Restore the best epoch of an earlier process; its weights are already saved."""
        self.best_epoch, self.best = best_epoch, math.nan if best is None else best

    def save(self) -> None:
        """Save the weights as they are now."""
        save_weights(self.model if self._network is None else self._network, self._path)

    def on_epoch_end(self, epoch, logs=None):
        value = logs[self._monitor]
        first = self.best_epoch is None
        if math.isfinite(value) and (first or self._sign * value > self._sign * self.best):
            self.save()
            self.best_epoch, self.best = epoch + 1, value


class LastWeights(BestWeights):
    """Saves the weights of the last epoch, if there is no set to choose the best one on."""

    @property
    def chosen_by(self) -> None:
        """None: no epoch is chosen."""
        return None

    def on_epoch_end(self, epoch, logs=None):
        self.save()
        self.best_epoch, self.best = epoch + 1, 0.0
