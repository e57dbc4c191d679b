"""Copies of a network on several devices, which learn from shares of each batch."""

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import cache

import keras
import numpy as np
import tensorflow as tf

from all_tf.config.engine import Engine
from all_tf.config.experiment import Experiment
from all_tf.system.checks import ConfigError
from builders.classifier import Classifier


def device_scope(experiment: Experiment, engine: Engine) -> AbstractContextManager:
    """The scope in which a model is built that is to learn on the engine's devices.

    GPUs where there are any, else the CPU's logical devices; on JAX as many in each process.

    Raises:
        ConfigError: There are fewer, a batch cannot be shared out evenly, or the experiment asks
            for something that the engine does not have.
    """
    return _SPREAD[engine.backend](experiment, engine)


def scale_losses_by_share(classifier: Classifier) -> None:
    """Make the shares of a batch teach what the whole batch would teach: its loss, its statistics.

    On JAX they do so by themselves: there the step sees the whole batch, wherever its rows lie.

    Args:
        classifier: Built in the scope of `device_scope`, on several devices or on JAX.
    """
    if keras.backend.backend() == "jax":
        return
    classifier.weigh_share = _weigh
    for layer in classifier.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.synchronized = True  # Over the batch, not over each device's share of it.


def require_agreement(rule: str, facts: Mapping[str, object]) -> None:
    """Refuse to go on with processes that hold something else.

    Args:
        rule: What is to be the same in all, a sentence.
        facts: Of this process, as JSON takes them: settings, digests.

    Raises:
        ConfigError: In all processes, where they are not the same in all.
    """
    if keras.backend.backend() != "jax":
        return
    from jax.experimental import multihost_utils

    text = json.dumps(facts, sort_keys=True, default=str)
    own = np.frombuffer(hashlib.sha256(text.encode()).digest(), np.uint8)
    every = np.reshape(multihost_utils.process_allgather(own), (-1, len(own)))
    if differing := np.flatnonzero(np.any(every != every[0], axis=1)).tolist():
        numbers = ", ".join(map(str, differing))
        raise ConfigError(f"{rule} Others than process 0 has: process {numbers}")


def _mirrored(experiment: Experiment, engine: Engine) -> AbstractContextManager:
    if engine.devices == 1:
        return nullcontext()
    _refuse_uneven(experiment, engine.devices)
    found = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    names = [device.name for device in found]
    _refuse_few(names, engine)
    return _strategy(tuple(names[: engine.devices])).scope()


@cache  # Two in one process would number their exchanges alike, and fail.
def _strategy(devices: tuple[str, ...]) -> tf.distribute.Strategy:
    return tf.distribute.MirroredStrategy(devices)


def _data_parallel(experiment: Experiment, engine: Engine) -> AbstractContextManager:
    import jax

    for name, given in {"freeze_epochs": 0, "ema": 0.0}.items():
        if getattr(experiment, name) != given:
            raise ConfigError(
                f"Keras' step on JAX has no {name}. Pass --{name.replace('_', '-')} {given:g}, or "
                f"train on one machine, without --num-processes. "
                f"Received: {name}={getattr(experiment, name)}"
            )
    if engine.jit == "off":
        raise ConfigError("On JAX a step is always compiled. Pass --jit auto. Received: jit='off'")
    _refuse_uneven(experiment, engine.devices * jax.process_count())
    _refuse_few([str(device) for device in jax.local_devices()], engine)
    # In the order of the processes: each then holds the rows of a batch that Keras gives it.
    chosen = [
        device
        for process in range(jax.process_count())
        for device in jax.local_devices(process)[: engine.devices]
    ]
    spread = _Shares(devices=chosen) if len(chosen) > 1 else None
    keras.distribution.set_distribution(spread)  # For good: `fit` asks for it too.
    return nullcontext()


_SPREAD: dict[str, Callable[[Experiment, Engine], AbstractContextManager]] = {
    "tensorflow": _mirrored,
    "jax": _data_parallel,
}


class _Shares(keras.distribution.DataParallel):
    """Each process gets its rows of every batch: the first process the first ones."""

    def distribute_dataset(self, dataset):
        """As Keras does it, which forgets how many batches there are."""
        shares = super().distribute_dataset(dataset)
        return shares.apply(tf.data.experimental.assert_cardinality(dataset.cardinality()))


def _refuse_uneven(experiment: Experiment, devices: int) -> None:
    size = experiment.batch_size
    if size % devices:
        raise ConfigError(
            f"Expected a batch size that {devices} devices can share evenly. Pass --batch-size "
            f"{devices * -(-size // devices)}. Received: batch_size={size}"
        )


def _refuse_few(found: list[str], engine: Engine) -> None:
    if len(found) < engine.devices:
        raise ConfigError(
            f"Expected {engine.devices} devices. Pass --devices {len(found)}, or none. "
            f"Received: {', '.join(found)}"
        )


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
