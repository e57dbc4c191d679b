"""Batch norm's statistics, estimated for the current weights before each validation."""

from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf

from all_tf.system.progress import track

# Images float32 (b, s, s, 3) -> mean and variance float64 (channels,) of the input of each layer.
Moments = Callable[[tf.Tensor], list[tuple[np.ndarray, np.ndarray]]]
Norms = Sequence[keras.layers.BatchNormalization]


class RefreshBatchNorm(keras.callbacks.Callback):
    """Replaces moving averages by the statistics of some training images before each validation.

    With Keras' momentum of .99 the averages after 66 steps still contain half of their initial
    values, and a network that ranks cells well may give all of them the same class; with a lower
    momentum they depend on the last few batches, with their noise. Pooled moments over fixed
    weights have neither problem (Wu and Johnson, 2021, arXiv:2105.07576, section 3, "PreciseBN").

    Args:
        batches: `(images, labels, mask)`, full batches without augmentation.
    """

    def __init__(self, batches: tf.data.Dataset):
        super().__init__()
        self._batches = batches
        self._moments: Moments  # Of the traced layers.
        self._traced: Norms = []

    def on_test_begin(self, logs=None):
        refresh = [
            layer
            for layer in self.model.layers
            if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable
        ]
        if not refresh:
            return
        momenta = [layer.momentum for layer in refresh]
        for layer in refresh:
            layer.momentum = 0.0  # Moving averages are then those of the last batch only.
        if refresh != self._traced:  # A graph keeps the mode that layers had when it was traced.
            self._traced = refresh
            self._moments = _MOMENTS[keras.backend.backend()](self.model, refresh)
        self._pool(refresh)
        for layer, momentum in zip(refresh, momenta, strict=True):
            layer.momentum = momentum

    def _pool(self, layers: Norms) -> None:
        """Set mean and variance over all batches, from the mean and variance of each."""
        num_batches = int(self._batches.cardinality())
        means: list[list[np.ndarray]] = [[] for _ in layers]
        squares: list[list[np.ndarray]] = [[] for _ in layers]
        for images, _, _ in track(self._batches, "batch norm", num_batches, unit="step"):
            moments = self._moments(tf.cast(images, tf.float32))
            for (batch_mean, variance), mean, square in zip(moments, means, squares, strict=True):
                mean.append(batch_mean)
                square.append(variance + batch_mean**2)
        for layer, mean, square in zip(layers, means, squares, strict=True):
            pooled = np.mean(mean, axis=0)
            layer.moving_mean.assign(pooled)
            layer.moving_variance.assign(np.maximum(np.mean(square, axis=0) - pooled**2, 0))


def _moments_on_tensorflow(model: keras.Model, norms: Norms) -> Moments:
    """Return a function that reads the moments of a batch from the layers, at momentum 0."""
    forward = tf.function(lambda images: model(images, training=True))

    def moments(images):
        forward(images)
        return [_as_numpy(norm.moving_mean, norm.moving_variance) for norm in norms]

    return moments


def _moments_on_jax(model: keras.Model, norms: Norms) -> Moments:
    """Return a pure function for the moments; each process computes them from all images."""
    import jax

    place = {id(variable): index for index, variable in enumerate(model.non_trainable_variables)}

    @jax.jit
    def forward(weights, others, images):
        return model.stateless_call(weights, others, images, training=True)[1]

    def moments(images):
        weights = [variable.value for variable in model.trainable_variables]
        others = [variable.value for variable in model.non_trainable_variables]
        after = forward(weights, others, images.numpy())
        return [
            _as_numpy(after[place[id(norm.moving_mean)]], after[place[id(norm.moving_variance)]])
            for norm in norms
        ]

    return moments


def _as_numpy(mean, variance) -> tuple[np.ndarray, np.ndarray]:
    return np.asarray(mean, np.float64), np.asarray(variance, np.float64)


_MOMENTS = {"tensorflow": _moments_on_tensorflow, "jax": _moments_on_jax}
