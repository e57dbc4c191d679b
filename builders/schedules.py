"""Schedules of the learning rate over a run, by name: a linear warm-up, then another phase."""

from collections.abc import Callable
from typing import TypeAlias

from keras.optimizers import schedules

# A number that stays, or a function of the steps done.
LearningRate: TypeAlias = float | schedules.LearningRateSchedule


def constant(peak: float, *, steps: int, warmup_steps: int) -> LearningRate:
    """From 0 to `peak` in a line, then `peak`.

    Args:
        peak: Positive.
        steps: Of the whole run.
        warmup_steps: Of the rise, less than `steps`; 0 for none.
    """
    del steps
    if not warmup_steps:
        return float(peak)
    return schedules.PolynomialDecay(0.0, warmup_steps, end_learning_rate=peak, power=1.0)


def cosine(peak: float, *, steps: int, warmup_steps: int) -> LearningRate:
    """From 0 to `peak` in a line, then down to 0 at the run's end along half a cosine.

    Loshchilov and Hutter, 2017, arXiv:1608.03983, equation 5, without restarts. Arguments as
    `constant` takes them.
    """
    if not warmup_steps:
        return schedules.CosineDecay(float(peak), steps)
    return schedules.CosineDecay(
        0.0, steps - warmup_steps, warmup_target=float(peak), warmup_steps=warmup_steps
    )


SCHEDULES: dict[str, Callable[..., LearningRate]] = {"constant": constant, "cosine": cosine}
