"""The size of a built network, as memory and disk follow from it."""

import math

import keras

from all_tf.estimates.memory import NetworkSize


def network_size(model: keras.Model) -> NetworkSize:
    """Count what a functional network keeps, each layer of which has one output."""
    return NetworkSize(
        model.count_params(),
        sum(math.prod(weight.shape) for weight in model.trainable_weights),
        sum(math.prod(layer.output.shape[1:]) for layer in model.layers),
    )
