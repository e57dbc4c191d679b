"""Exponential moving averages of a model's weights during training."""

from collections.abc import Sequence

import keras
from keras import ops


class WeightAverages:
    """An exponential moving average of each weight; not part of the model or of its files.

    `average += (1 - d) (weight - average)` with `d = min(decay, (1 + n) / (10 + n))` at step n: a
    short run would otherwise end close to the weights it began with. As TensorFlow's
    `ExponentialMovingAverage` does it with `num_updates`.

    Args:
        weights: Those to average, as they are before the first step.
        decay: In (0, 1).
    """

    def __init__(self, weights: Sequence[keras.Variable], *, decay: float):
        self._decay = decay
        self._weights = list(weights)
        self._averages = [
            keras.Variable(
                ops.copy(weight),
                trainable=False,
                aggregation="only_first_replica",  # Weights are the same on all devices.
                name="average",
            )
            for weight in weights
        ]

    @property
    def variables(self) -> list[keras.Variable]:
        """The averages, in the order of the weights."""
        return list(self._averages)

    def update(self, step) -> None:
        """Update the averages after a step; steps count from 1."""
        step = ops.cast(step, "float32")
        kept = ops.minimum(self._decay, (1 + step) / (10 + step))
        for weight, average in zip(self._weights, self._averages, strict=True):
            new = ops.cast(1 - kept, average.dtype)
            average.assign(average + new * (weight - average))

    def swap(self) -> None:
        """Exchange the model's weights for the averages; a second call undoes it."""
        for weight, average in zip(self._weights, self._averages, strict=True):
            held = ops.copy(weight)
            weight.assign(average)
            average.assign(held)
