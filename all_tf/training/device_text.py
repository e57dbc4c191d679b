"""The device of a training in words, and a loud warning where a GPU lies idle."""

import keras
import tensorflow as tf

from all_tf.system.graphics_cards import (
    describe_idle,
    gpu_memory,
    gpu_traces,
    how_to_use_gpu,
)
from all_tf.system.processors import num_processors

_GIB = 2**30


def describe_device() -> str:
    """The GPUs that train, by name and memory; without one, the processor, and why."""
    if keras.backend.backend() == "jax":
        import jax

        return ", ".join(f"{each.device_kind} ({each.platform})" for each in jax.local_devices())
    if gpus := tf.config.list_physical_devices("GPU"):
        return ", ".join(map(_describe_gpu, gpus, [*gpu_memory(), *[None] * len(gpus)]))
    idle = "; TensorFlow does not use the GPU" if gpu_traces() else "; no GPU in this machine"
    return f"the processor, {num_processors()} core{'s' * (num_processors() > 1)}{idle}"


def idle_gpu() -> str:
    """A warning where a GPU is in this machine and TensorFlow cannot use it; else empty."""
    traces = gpu_traces()
    if not traces or keras.backend.backend() == "jax" or tf.config.list_physical_devices("GPU"):
        return ""
    return (
        f"WARNING: {describe_idle(traces)}. The training will take many times longer than it has "
        f"to. {how_to_use_gpu()}."
    )


def _describe_gpu(gpu, num_bytes: int | None) -> str:
    name = tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name)
    return name if num_bytes is None else f"{name}, {num_bytes / _GIB:.0f} GiB"
