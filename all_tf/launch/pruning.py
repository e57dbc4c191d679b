"""When a trial of a sweep is ended early: it is behind half of those that were completed."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean, median

from all_tf.runs.folder import HISTORY_FILE
from all_tf.runs.history_file import read_history

WATCHED = "val_kappa"  # Whatever a sweep looks for: it is in each row of history.csv.
_STEPS_A_FOLD = 1_000_000  # More than a training has epochs.
_LEAST_COMPLETED = 5  # Trials, before one is ended for being behind them.


class PrunedError(Exception):
    """A trial was ended because it is behind; its training has ended."""


def progress(runs: Sequence[Path]) -> dict[int, float]:
    """The course of a trial, by step: a million times the place of the fold, plus the epoch.

    Args:
        runs: Of the folds, in the order in which they are trained.

    Returns:
        After each epoch the mean, over the folds so far, of the best kappa on the held-out fold.
    """
    values: dict[int, float] = {}
    ended: list[float] = []
    for place, run in enumerate(runs):
        if not (run / HISTORY_FILE).is_file():
            break
        best = -math.inf
        for row in read_history(run / HISTORY_FILE):
            best = max(best, row.get(WATCHED) or 0.0)
            values[place * _STEPS_A_FOLD + int(row["epoch"])] = fmean([*ended, best])
        ended.append(best)
    return values


def is_behind(step: int, value: float, completed: Sequence[Mapping[int, float]]) -> bool:
    """Whether a trial is below the median of the completed ones at the same epoch of a fold.

    A trial that had fewer epochs in that fold stands there with its last value. The first epoch of
    a fold decides nothing.

    Args:
        step, value: The last of its `progress`.
        completed: The progress of each completed trial.
    """
    fold, epoch = divmod(step, _STEPS_A_FOLD)
    others = [_value_at(step, fold, course) for course in completed]
    known = [other for other in others if other is not None]
    return epoch > 1 and len(known) >= _LEAST_COMPLETED and value < median(known)


def _value_at(step: int, fold: int, course: Mapping[int, float]) -> float | None:
    steps = [each for each in course if fold * _STEPS_A_FOLD < each <= step]
    return course[max(steps)] if steps else None
