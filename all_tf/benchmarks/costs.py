"""The cost of a training step by architecture, as `all_tf.estimates.costs` tabulates it."""

import sys
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from statistics import median

import numpy as np
from threadpoolctl import threadpool_limits

from all_tf.config.experiment import Experiment
from all_tf.data.class_balance import STRATEGIES
from all_tf.estimates.costs import MATRIX_SIDE
from all_tf.training.network_size import network_size
from all_tf.training.prepare import compile_for
from builders.classifier import Classifier
from builders.registry import build_model

_ROUNDS = 3
_PRODUCT, _TIMES = "product", 10  # A round; one takes some hundredths of a second.
_STATUS = Path("/proc/self/status")


def benchmark_costs(
    archs: Sequence[str], *, side: int, batch_size: int
) -> dict[str, dict[str, float]]:
    """Measure training steps and predictions in turn with products of two matrices.

    All networks are built first; in each round every one of them takes a step, predicts a batch and
    is followed by the products, all timed in processor time. The load of a shared machine and its
    speed then cancel out of the figures, and out of the ratio of two networks most of all.

    Args:
        archs: Their names; memory is measured where there is one.
        side: Of the images, pixels.
        batch_size: Images of a step.

    Returns:
        By architecture: `step` and `score`, products of two matrices an image; `build`, processor
        seconds that the first step takes more than a later one; `outputs`, millions of
        values that the layers put out for an image; and of one network alone `loaded_mib` and
        `peak_mib`, resident memory before it was built and at most, and `outputs_factor`: the
        growth without weights, gradients and Adam's slots, over the outputs of a batch.
    """
    with redirect_stdout(sys.stderr):
        loaded = _resident("VmRSS")
        networks = {arch: _build(arch, side, batch_size) for arch in archs}
        rows = _batch(side, batch_size)
        first = {arch: _cpu(net.train_on_batch, *rows) for arch, net in networks.items()}
        for net in networks.values():
            net.predict_on_batch(rows[0])  # Builds the graph.
        timed = [_round(networks, rows) for _ in range(_ROUNDS)]
    figures = {}
    for arch, net in networks.items():
        step, score = (median(each[arch][i] for each in timed) for i in range(2))
        image = batch_size * median(each[_PRODUCT][0] for each in timed)
        figures[arch] = {
            "step": round(step / image, 2),
            "score": round(score / image, 2),
            "build": round(max(0.0, first[arch] - step), 1),
            "outputs": round(network_size(net).outputs / 1e6, 3),
        }
    if len(networks) == 1:
        figures[archs[0]] |= _memory(networks[archs[0]], loaded, batch_size)
    return figures


def _batch(image_size: int, batch_size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Grey images, labels in turn, and a mask."""
    images = np.full((batch_size, image_size, image_size, 3), 128, np.float32)
    labels = np.arange(batch_size, dtype=np.float32)[:, None] % 2
    return images, labels, np.ones(batch_size, np.float32)


def _build(arch: str, image_size: int, batch_size: int) -> Classifier:
    experiment = Experiment(arch, image_size=image_size, batch_size=batch_size, weights="none")
    model = build_model(arch, image_size=image_size, weights="none")
    plan = STRATEGIES["none"]((1, 1))
    return compile_for(experiment, model, plan, steps=1, steps_per_execution=1)


def _round(networks: dict[str, Classifier], rows: tuple) -> dict[str, tuple[float, ...]]:
    """Processor seconds of a step and a prediction of each network, and of a product."""
    seconds: dict[str, tuple[float, ...]] = {
        arch: (_cpu(net.train_on_batch, *rows), _cpu(net.predict_on_batch, rows[0]))
        for arch, net in networks.items()
    }
    matrix = np.random.default_rng(0).random((MATRIX_SIDE, MATRIX_SIDE), np.float32)
    with threadpool_limits(1, "blas"):  # A thread that waits for another takes processor time.
        matrix @ matrix
        seconds[_PRODUCT] = (_cpu(lambda: [matrix @ matrix for _ in range(_TIMES)]) / _TIMES,)
    return seconds


def _cpu(call: Callable[..., object], *arguments: object) -> float:
    began = time.process_time()
    call(*arguments)
    return time.process_time() - began


def _memory(net: Classifier, loaded: float, batch_size: int) -> dict[str, float]:
    size, peak = network_size(net), _resident("VmHWM")
    values = size.parameters + 3 * size.trainable  # Gradients, and two slots of Adam.
    rest = (peak - loaded) * 2**20 / 4 - values
    return {
        "loaded_mib": round(loaded),
        "peak_mib": round(peak),
        "outputs_factor": round(rest / (size.outputs * batch_size), 2),
    }


def _resident(key: str) -> float:
    """MiB of this process, Linux only: VmRSS now, VmHWM at most."""
    lines = dict(line.split(":", 1) for line in _STATUS.read_text().splitlines())
    return int(lines[key].split()[0]) / 2**10
