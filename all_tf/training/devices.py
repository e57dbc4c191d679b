"""Data parallelism: copies of a network on several devices, which share each batch."""

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
    """Return the scope in which to build a model that trains on the engine's devices.

    The devices are GPUs, or, without any, logical devices of the CPU; on JAX there are as many in
    each process.

    Raises:
        ConfigError: There are too few devices, they cannot share a batch evenly, or the engine
            lacks something that the experiment needs.
    """
    return _SPREAD[engine.backend](experiment, engine)


def scale_losses_by_share(classifier: Classifier) -> None:
    """Scale losses and synchronise batch norm, so that shares of a batch act as the whole batch.

    On JAX nothing is needed: there the step sees the whole batch.

    Args:
        classifier: A classifier built in `device_scope`, on several devices or on JAX.
    """
    if keras.backend.backend() == "jax":
        return
    classifier.weigh_share = _weigh
    for layer in classifier.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.synchronized = True  # Statistics of the batch, not of each device's share.


def require_agreement(rule: str, facts: Mapping[str, object]) -> None:
    """Raise unless all processes have the same facts.

    Args:
        rule: A sentence for the message, which says what must be equal.
        facts: Settings and digests of this process, serialisable as JSON.

    Raises:
        ConfigError: The facts differ; raised in all processes.
    """
    if keras.backend.backend() != "jax":
        return
    from jax.experimental import multihost_utils

    text = json.dumps(facts, sort_keys=True, default=str)
    own = np.frombuffer(hashlib.sha256(text.encode()).digest(), np.uint8)
    every = np.reshape(multihost_utils.process_allgather(own), (-1, len(own)))
    if differing := np.flatnonzero(np.any(every != every[0], axis=1)).tolist():
        numbers = ", ".join(map(str, differing))
        raise ConfigError(f"{rule} Different from process 0: process {numbers}")


def _mirrored(experiment: Experiment, engine: Engine) -> AbstractContextManager:
    if engine.devices == 1:
        return nullcontext()
    if experiment.is_linear_probe:
        raise ConfigError(
            "One device is enough for a linear probe. Leave out --devices, or pass fewer "
            f"--freeze-epochs. Received: devices={engine.devices}, "
            f"freeze_epochs={experiment.freeze_epochs}, epochs={experiment.epochs}"
        )
    _refuse_uneven(experiment, engine.devices)
    found = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    names = [device.name for device in found]
    _refuse_few(names, engine)
    return _strategy(tuple(names[: engine.devices])).scope()


@cache  # Two strategies in one process use the same numbers for their exchanges, and fail.
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
    # In the order of the processes, so that each holds the rows of a batch that Keras gives it.
    chosen = [
        device
        for process in range(jax.process_count())
        for device in jax.local_devices(process)[: engine.devices]
    ]
    spread = _Shares(devices=chosen) if len(chosen) > 1 else None
    keras.distribution.set_distribution(spread)  # Not reset later: `fit` uses it too.
    return nullcontext()


_SPREAD: dict[str, Callable[[Experiment, Engine], AbstractContextManager]] = {
    "tensorflow": _mirrored,
    "jax": _data_parallel,
}


class _Shares(keras.distribution.DataParallel):
    """Distribution in which each process gets its rows of every batch, in order."""

    def distribute_dataset(self, dataset):
        """Distribute a dataset as Keras does, and set the number of batches, which Keras drops."""
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
    """Return the number of real images in a share / its mean over the devices.

    Keras gives the mean loss of every device the same weight, even if most of the device's images
    are padding of an epoch's last batch.
    """
    replica = tf.distribute.get_replica_context()
    if replica is None:  # Keras calls a loss once before it trains.
        return tf.constant(1.0)
    mine = tf.reduce_sum(mask)
    return mine / replica.all_reduce(tf.distribute.ReduceOp.MEAN, mine)
