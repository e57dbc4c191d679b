"""Copies of a network on several devices of one machine, which learn from shares of each batch."""

from contextlib import AbstractContextManager, nullcontext
from functools import cache

import keras
import tensorflow as tf

from all_tf.checks import ConfigError
from all_tf.engine import Engine
from builders.classifier import Classifier


def replicated(engine: Engine, *, batch_size: int) -> AbstractContextManager:
    """The scope in which a model is built that is to learn on the engine's devices.

    GPUs where there are any, else the CPU's logical devices.

    Raises:
        ConfigError: There are fewer, or a batch cannot be shared out evenly.
    """
    if engine.devices == 1:
        return nullcontext()
    if batch_size % engine.devices:
        raise ConfigError(
            f"Expected a batch size that {engine.devices} devices can share evenly. Pass "
            f"--batch-size {engine.devices * -(-batch_size // engine.devices)}. "
            f"Received: batch_size={batch_size}"
        )
    found = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    if len(found) < engine.devices:
        raise ConfigError(
            f"Expected {engine.devices} devices. Pass --devices {len(found)}, or none. "
            f"Received: {', '.join(device.name for device in found)}"
        )
    return _strategy(tuple(device.name for device in found[: engine.devices])).scope()


@cache  # Two in one process would number their exchanges alike, and fail.
def _strategy(devices: tuple[str, ...]) -> tf.distribute.Strategy:
    return tf.distribute.MirroredStrategy(devices)


def share_out(classifier: Classifier) -> None:
    """Make the shares of a batch teach what the whole batch would teach: its loss, its statistics.

    Args:
        classifier: Built in the scope of `replicated`.
    """
    classifier.weigh_share = _weigh
    for layer in classifier.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.synchronized = True  # Over the batch, not over each device's share of it.


def _weigh(mask: tf.Tensor) -> tf.Tensor:
    """A share's real images, beside the mean number of them over the devices.

    Keras lets every device's mean count the same, also where most of its images only fill up the
    last batch of an epoch.
    """
    replica = tf.distribute.get_replica_context()
    if replica is None:  # Keras tries a loss out before it trains.
        return tf.constant(1.0)
    mine = tf.reduce_sum(mask)
    return mine / replica.all_reduce(tf.distribute.ReduceOp.MEAN, mine)
