"""How long a training step takes, timed in blocks between which the device is waited for."""

import time
from collections.abc import Callable
from statistics import median
from typing import NamedTuple

_BLOCKS = 5
_FIRST_STEPS = 3  # They compile, choose algorithms and take memory.


class StepSeconds(NamedTuple):
    """Seconds a step, over the blocks."""

    median: float
    best: float


def time_steps(run_steps: Callable[[int], None], *, seconds: float) -> StepSeconds:
    """Time a step after the first ones, which are left out.

    Args:
        run_steps: Runs so many steps and waits until the device has finished them.
        seconds: To measure for, about; each block has one step or more.
    """
    run_steps(_FIRST_STEPS)
    steps = max(1, round(seconds / _BLOCKS / _seconds_each(run_steps, 2)))
    blocks = [_seconds_each(run_steps, steps) for _ in range(_BLOCKS)]
    return StepSeconds(median(blocks), min(blocks))


def step_figures(times: StepSeconds, *, batch_size: int, peak_bytes: int | None) -> dict:
    """The figures of a case, as the table has them; `peak_bytes` is None where nothing tells it."""
    figures = {
        "images_per_second": round(batch_size / times.median, 1),
        "best_images_per_second": round(batch_size / times.best, 1),
    }
    if peak_bytes is not None:
        figures["peak_gib"] = round(peak_bytes / 2**30, 2)
    return figures


def _seconds_each(run_steps: Callable[[int], None], steps: int) -> float:
    began = time.perf_counter()
    run_steps(steps)
    return (time.perf_counter() - began) / steps
