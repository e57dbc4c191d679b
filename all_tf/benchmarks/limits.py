"""How near a training step comes to what the processor computes and copies at most."""

import math
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from statistics import median

import keras
import numpy as np
import tensorflow as tf

from all_tf.benchmarks.speed_table import SpeedJob
from all_tf.benchmarks.tensorflow_step import TensorFlowStep
from all_tf.system.progress import track

_FIRST_STEPS = 3  # They compile, choose algorithms and take memory.
_SIDE = 2048  # Of the matrices; three of them, 50 MB, lie in no cache.
_CHANNELS, _MAP_SIDE, _MAPS = 128, 56, 16  # Of a convolution as networks have them, 3 by 3.
_COPIED = 1 << 28  # Bytes of each thread, four times what a large cache holds.
_PASSES = 3  # Forward, gradient of the weights, gradient of the input: of equal size.


def benchmark_limits(job: SpeedJob, *, rounds: int) -> dict[str, float]:
    """Time steps in turn with the fastest operations of the processor, on all its cores.

    Operations: the multiplications and additions of every convolution and dense layer, three times
    those of the forward pass. Bytes: each of these layers reads its input and writes its output in
    the forward pass; for the gradients it reads its input again and its output's gradient twice,
    and writes its input's; as if caches kept nothing, and other layers cost nothing.

    Args:
        job: What is trained.
        rounds: Each has a step, a product of matrices, a convolution, and a copy on every core.

    Returns:
        `step_seconds`, median; `gigaflop` and `gigabytes` of a step; `gigaflop_per_second`, of the
        product or the convolution, whichever is faster, and `gigabytes_per_second`, read and
        written, medians; `seconds_of_operations`, `seconds_of_bytes`, at these speeds; and
        `share_of_limit`, the larger one divided by `step_seconds`: 1 where nothing is left to gain.
    """
    run_steps = TensorFlowStep(job)
    run_steps(_FIRST_STEPS)
    rng = np.random.default_rng(0)
    matrix = tf.constant(rng.random((_SIDE, _SIDE), np.float32))
    maps = tf.constant(rng.random((_MAPS, _MAP_SIDE, _MAP_SIDE, _CHANNELS), np.float32))
    kernel = tf.constant(rng.random((3, 3, _CHANNELS, _CHANNELS), np.float32))
    multiply = tf.function(lambda: tf.reduce_max(tf.matmul(matrix, matrix)))
    convolve = tf.function(lambda: tf.reduce_max(tf.nn.conv2d(maps, kernel, 1, "SAME")))
    cores = os.cpu_count() or 1
    pairs = [(np.ones(_COPIED, np.uint8), np.empty(_COPIED, np.uint8)) for _ in range(cores)]
    with ThreadPoolExecutor(cores) as pool:
        work: dict[str, Callable[[], object]] = {
            "step": lambda: run_steps(1),
            "product": lambda: float(multiply()),
            "convolution": lambda: float(convolve()),
            "copy": lambda: list(pool.map(lambda pair: np.copyto(pair[1], pair[0]), pairs)),
        }
        for call in work.values():
            call()
        turns = [
            {name: _seconds(call) for name, call in work.items()}
            for _ in track(range(rounds), "measuring", rounds, unit="round")
        ]
    seconds = {name: median(turn[name] for turn in turns) for name in work}
    flop = {"product": 2 * _SIDE**3, "convolution": 2 * math.prod(maps.shape) * 9 * _CHANNELS}
    speed = max(flop[name] / seconds[name] for name in flop)
    bandwidth = 2 * _COPIED * cores / seconds["copy"]
    return _figures(
        step_size(run_steps.classifier, job.batch_size), seconds["step"], speed, bandwidth
    )


def step_size(model: keras.Model, batch_size: int) -> tuple[float, float]:
    """Floating-point operations and bytes of a step, of layers with a kernel alone.

    Args:
        model: A functional network, each layer of which has one input and one output.
        batch_size: Images.
    """
    layers = [layer for layer in model.layers if _kernels(layer)]
    flop = sum(
        2 * math.prod(layer.output.shape[1:-1]) * math.prod(kernel)
        for layer in layers
        for kernel in _kernels(layer)
    )
    values = sum(
        math.prod(side.shape[1:]) for layer in layers for side in (layer.input, layer.output)
    )
    return _PASSES * batch_size * flop, _PASSES * batch_size * 4 * values


def _kernels(layer: keras.Layer) -> list[Sequence[int]]:
    return [weight.shape for weight in layer.weights if len(weight.shape) > 1]


def _figures(
    size: tuple[float, float], step: float, speed: float, bandwidth: float
) -> dict[str, float]:
    flop, num_bytes = size
    limits = flop / speed, num_bytes / bandwidth
    return {
        "step_seconds": round(step, 3),
        "gigaflop": round(flop / 1e9, 1),
        "gigabytes": round(num_bytes / 1e9, 2),
        "gigaflop_per_second": round(speed / 1e9),
        "gigabytes_per_second": round(bandwidth / 1e9, 1),
        "seconds_of_operations": round(limits[0], 3),
        "seconds_of_bytes": round(limits[1], 3),
        "share_of_limit": round(max(limits) / step, 2),
    }


def _seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began
