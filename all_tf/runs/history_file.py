"""Reads history.csv of a run, and finds the epoch that it chooses."""

import math
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from all_tf.config.choices import DIRECTIONS
from all_tf.config.experiment import Experiment
from all_tf.runs.fields import HISTORY
from all_tf.runs.strict_reading import damage_error, read_run_table

SPEED = "images_per_second"  # In the logs of an epoch, history.csv, TensorBoard and metrics.json.
EPOCH_SHARE = "epoch_share"  # Of the epoch's steps; in the history of runs with --max-minutes.


def read_history(path: Path) -> list[dict[str, float]]:
    """The rows of history.csv, one an epoch, from the first on.

    Raises:
        RunError: The file is damaged.
    """
    rows = read_run_table(path, HISTORY, needed=("epoch",))
    for number, row in enumerate(rows, 1):
        if row["epoch"] != number:
            why = f"Expected {number}. Received: {row['epoch']}"
            raise damage_error(path, number + 1, "epoch", why)
    return rows


def chosen_epoch(rows: Sequence[dict], experiment: Experiment) -> int | None:
    """The epoch of the best finite value of the monitored metric, the first of several.

    Args:
        rows: Of history.csv.
        experiment: Of the run; one that chooses no epoch keeps the last.

    Returns:
        Counted from 1; None if no epoch has such a value.
    """
    if not experiment.chooses:
        return len(rows)
    sign = {"max": 1, "min": -1}[DIRECTIONS[experiment.monitor.removeprefix("val_")]]
    values = {row["epoch"]: row.get(experiment.monitor) for row in rows}
    finite = {epoch: sign * held for epoch, held in values.items() if isinstance(held, float | int)}
    return max(finite, key=lambda epoch: finite[epoch]) if finite else None


def typical_speed(rows: Sequence[dict], experiment: Experiment) -> float:
    """Images a second: the median over epochs that train the whole network, without the first.

    The first of them builds the graph. It counts where there is no other, and frozen epochs do
    where the training ended within them.

    Args:
        rows: Of history.csv.
        experiment: Of the run.
    """
    speeds = [row.get(SPEED, 0.0) for row in rows]
    whole = speeds[experiment.frozen_first :] or speeds
    return median(whole[1:] or whole or [0.0])


def epochs_trained(rows: Sequence[dict]) -> float:
    """The number of epochs of a history; the last one counts in part where time ended it.

    It is rounded down to two digits, so that such an epoch is never a whole one.
    """
    return math.floor(100 * sum(row.get(EPOCH_SHARE, 1) for row in rows) + 1e-6) / 100


def ended_by_time(rows: Sequence[dict], experiment: Experiment) -> bool:
    """Whether `max_minutes` ended a finished training before its last epoch was complete."""
    last = experiment.last_epoch or experiment.epochs
    return (
        experiment.max_minutes is not None
        and epochs_trained(rows) < last
        and not waited_in_vain(rows, experiment)
    )


def waited_in_vain(rows: Sequence[dict], experiment: Experiment) -> bool:
    """Whether `patience` ended a training: so many epochs have passed without a better one."""
    best = chosen_epoch(rows, experiment) or 0
    waited = len(rows) - max(best, experiment.frozen_first)
    return experiment.patience is not None and waited >= experiment.patience
