"""Whether XLA compiles the training step, and how."""

from collections.abc import Callable
from functools import partial

import tensorflow as tf

from all_tf.config.engine import Engine


def compiles_step(engine: Engine) -> bool:
    """Whether XLA will; by itself only where it was found to help, and where it may.

    On a CPU it trains EfficientNetB0 three times slower than the plain graph. It lacks kernels that
    give equal bits for equal inputs, and devices cannot exchange gradients in what it compiles.
    """
    may = not engine.deterministic and engine.devices == 1
    by_itself = may and bool(tf.config.list_physical_devices("GPU"))
    if engine.backend == "jax":
        return True  # Keras' own step there.
    return {"auto": by_itself, "on": True, "off": False}[engine.jit]


def step_compiler(engine: Engine) -> Callable[[Callable], Callable] | None:
    """From a step to the compiled one, to be called in another graph; None to leave it as it is."""
    return (
        partial(tf.function, jit_compile=True, autograph=False) if compiles_step(engine) else None
    )
