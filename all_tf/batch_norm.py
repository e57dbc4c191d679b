"""Batch norm's statistics, estimated anew from the weights as they are, before they are used."""

import keras
import numpy as np
import tensorflow as tf


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
        self._forward = None
        self._traced: list[keras.layers.Layer] = []

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
            self._forward = tf.function(lambda images: self.model(images, training=True))
        self._pool(refresh)
        for layer, momentum in zip(refresh, momenta, strict=True):
            layer.momentum = momentum

    def _pool(self, layers: list[keras.layers.BatchNormalization]) -> None:
        """Mean and variance over all batches, from the mean and variance of each."""
        means = [[] for _ in layers]
        squares = [[] for _ in layers]
        for images, _, _ in self._batches:
            self._forward(tf.cast(images, tf.float32))
            for layer, mean, square in zip(layers, means, squares, strict=True):
                batch_mean = np.asarray(layer.moving_mean, np.float64)
                mean.append(batch_mean)
                square.append(np.asarray(layer.moving_variance, np.float64) + batch_mean**2)
        for layer, mean, square in zip(layers, means, squares, strict=True):
            pooled = np.mean(mean, axis=0)
            layer.moving_mean.assign(pooled)
            layer.moving_variance.assign(np.maximum(np.mean(square, axis=0) - pooled**2, 0))
