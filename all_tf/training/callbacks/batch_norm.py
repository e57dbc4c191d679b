"""Batch norm's statistics, estimated anew from the weights as they are, before they are used."""

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

    With Keras' momentum of .99 the averages of an epoch of 66 steps still hold half of their
    initial values, and a network that ranks cells well calls all of them the same; a lower
    momentum follows the last few batches, with their noise. Pooled moments over fixed weights do
    neither (Wu and Johnson, 2021, arXiv:2105.07576, section 3, "PreciseBN").

    Args:
        batches: `(images, labels, mask)`, whole batches, as validation sees them.
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
            layer.momentum = 0.0  # The moving averages are then those of the last batch alone.
        if refresh != self._traced:  # A graph keeps the mode of the layers it was traced with.
            self._traced = refresh
            self._moments = _MOMENTS[keras.backend.backend()](self.model, refresh)
        self._pool(refresh)
        for layer, momentum in zip(refresh, momenta, strict=True):
            layer.momentum = momentum

    def _pool(self, layers: Norms) -> None:
        """Mean and variance over all batches, from the mean and variance of each."""
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
    """Read off the layers, whose moving averages have no memory meanwhile."""
    forward = tf.function(lambda images: model(images, training=True))

    def moments(images):
        forward(images)
        return [_as_numpy(norm.moving_mean, norm.moving_variance) for norm in norms]

    return moments


def _moments_on_jax(model: keras.Model, norms: Norms) -> Moments:
    """Of a pure function: each process looks at all of the images, and all find the same."""
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
