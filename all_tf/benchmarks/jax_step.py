"""Training steps of this project's networks on JAX, timed without TensorFlow or any input."""

import gc
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from unittest import mock

import jax
import keras
import numpy as np

from all_tf.benchmarks.classifier_step import classifier_of, random_batch
from all_tf.benchmarks.speed_table import SpeedJob, failure
from all_tf.benchmarks.step_timing import step_figures, time_steps
from all_tf.system.checks import ConfigError
from builders.classifier import Classifier

_TOGETHER = 10  # Jobs whose programs are compiled at once, before any of them is timed.
_THREADS = 8


def jax_device(*, any_kind: bool = False) -> str:
    """The name of the first GPU; of a processor, if any kind will do.

    Raises:
        ConfigError: There is no GPU.
    """
    device = jax.devices()[0]
    if device.platform != "gpu" and not any_kind:
        raise ConfigError(
            "JAX sees no GPU here, so there is nothing to measure. Run this on a machine that has "
            f"one, with the package jax[cuda13]. Received: {device.platform}"
        )
    return device.device_kind


def jax_cases(jobs: Sequence[SpeedJob], *, seconds: float) -> Iterator[dict[str, object]]:
    """Measure jobs one after the other; a job that fails says why.

    Programs compile side by side, which takes most of the time, and are timed when none compiles.
    A step is `train_step` of the classifier, loss, gradients and Adam, on one batch that lies on
    the device: no augmentation, metric or input.

    Args:
        jobs: What to measure.
        seconds: For each, about, after the first steps.

    Yields:
        A case of `SpeedTable`. `peak_gib` is what the compiled program takes, weights included.
    """
    for start in range(0, len(jobs), _TOGETHER):
        part = jobs[start : start + _TOGETHER]
        with ThreadPoolExecutor(_THREADS) as pool:
            programs = [_start(job, pool) for job in part]
            # All are waited for when the pool closes.
        for job, program in zip(part, programs, strict=True):
            facts = {"framework": "jax", **job._asdict(), "jit": "on"}
            yield facts | _measure(job, program, seconds=seconds)
            gc.collect()
        keras.backend.clear_session()


class _Program:
    """A classifier and its step, that another thread compiles."""

    def __init__(self, job: SpeedJob, pool: ThreadPoolExecutor):
        # Ready made on the processor: a GPU would be sent a program for each shape of a weight.
        with jax.default_device(_processor()):
            classifier = _build(job)
        self.state = tuple(
            [np.asarray(variable.value) for variable in variables]
            for variables in (
                classifier.trainable_variables,
                classifier.non_trainable_variables,
                classifier.optimizer.variables,
                classifier.metrics_variables,
            )
        )
        self.batch = random_batch(job)
        step = jax.jit(classifier.train_step, donate_argnums=0)
        self.compiled: Future = pool.submit(_compile, step.lower(self.state, self.batch))


def _processor() -> jax.Device:
    try:
        return jax.devices("cpu")[0]
    except RuntimeError:  # JAX_PLATFORMS leaves it out.
        return jax.devices()[0]


def _start(job: SpeedJob, pool: ThreadPoolExecutor) -> _Program | Exception:
    print(f"compiling {job.arch} {job.precision}", file=sys.stderr, flush=True)
    try:
        return _Program(job, pool)
    except Exception as error:  # Whatever it is, the other jobs go on.
        return error


def _compile(lowered: jax.stages.Lowered) -> tuple[jax.stages.Compiled, float]:
    began = time.perf_counter()
    compiled = lowered.compile()
    return compiled, time.perf_counter() - began


def _build(job: SpeedJob) -> Classifier:
    with mock.patch.object(keras.initializers.VarianceScaling, "__call__", _draw_weights):
        return classifier_of(job)


def _draw_weights(initializer, shape, dtype=None):
    """Of He's size, whatever the initializer; JAX itself would compile a program a shape."""
    deviation = np.sqrt(2 / max(1, int(np.prod(shape[:-1]))))
    drawn = np.random.default_rng(0).standard_normal(shape, np.float32) * np.float32(deviation)
    return keras.ops.convert_to_tensor(drawn, dtype=dtype)


class _Loop:
    """Runs so many steps and waits for the device."""

    def __init__(self, program: _Program):
        self._compiled, self.compile_seconds = program.compiled.result()
        self._state, self._batch = jax.device_put((program.state, program.batch))
        self.peak_bytes = _peak_bytes(self._compiled)

    def __call__(self, steps: int) -> None:
        for _ in range(steps):
            logs, self._state = self._compiled(self._state, self._batch)
        jax.block_until_ready((logs, self._state))


def jax_step(job: SpeedJob) -> Callable[[int], None]:
    """Return a function that runs so many steps of a job and waits for the device."""
    with ThreadPoolExecutor(1) as pool:
        return _Loop(_Program(job, pool))


def _measure(job: SpeedJob, program: _Program | Exception, *, seconds: float) -> dict[str, object]:
    try:
        if isinstance(program, Exception):
            raise program
        loop = _Loop(program)
        times = time_steps(loop, seconds=seconds)
        figures = step_figures(times, batch_size=job.batch_size, peak_bytes=loop.peak_bytes)
        return figures | {"compile_seconds": round(loop.compile_seconds, 1)}
    except Exception as error:  # Out of memory, or an operation that the device lacks.
        return failure(error)


def _peak_bytes(compiled: jax.stages.Compiled) -> int | None:
    """Weights, batch and all that lies in memory beside them during a step."""
    sizes = compiled.memory_analysis()
    if sizes is None:
        return None
    return (
        sizes.argument_size_in_bytes
        + sizes.output_size_in_bytes
        + sizes.temp_size_in_bytes
        - sizes.alias_size_in_bytes
    )
