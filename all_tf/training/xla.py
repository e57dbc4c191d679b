"""Compilation of the training step by XLA."""

from collections.abc import Callable
from functools import partial

import tensorflow as tf

from all_tf.config.engine import Engine


def compiles_step(engine: Engine) -> bool:
    """Return whether XLA compiles the training step; `jit="auto"` does so where it helps.

    On a CPU it trains EfficientNetB0 three times slower than the plain graph. It lacks kernels that
    give equal bits for equal inputs, and devices cannot exchange gradients in compiled code.
    """
    possible = not engine.deterministic and engine.devices == 1
    automatic = possible and bool(tf.config.list_physical_devices("GPU"))
    if engine.backend == "jax":
        return True  # Keras compiles its own step on JAX.
    return {"auto": automatic, "on": True, "off": False}[engine.jit]


def step_compiler(engine: Engine) -> Callable[[Callable], Callable] | None:
    """Return a function that compiles a step for use in another graph; None to compile nothing."""
    return (
        partial(tf.function, jit_compile=True, autograph=False) if compiles_step(engine) else None
    )
