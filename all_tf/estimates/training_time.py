"""An estimate of how long a training takes on this machine's CPU, from a table and some products.

The table (`all_tf.estimates.costs`) holds the cost of a bare training step in products of two
matrices; the time of such products here gives the seconds. Caches, augmentation and other programs
are left out: expect the truth within a factor of two. A GPU is not in the table.
"""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

from all_tf.config.experiment import Experiment
from all_tf.data.class_balance import STRATEGIES
from all_tf.estimates.costs import COSTS, MATRIX_SIDE
from all_tf.runs.stamps import selection_set
from tfrecords.store.folds import read_folds
from tfrecords.store.index import IndexRow, read_index

_REFRESHED = 512  # Images an epoch, for the statistics of batch norm (`all_tf.training.fit`).


class ImageCounts(NamedTuple):
    """The images of a training."""

    epoch: int  # Learnt from in an epoch; repeated ones count each time.
    selection: int
    held_out: int  # Scored once, at the end.


class Estimate(NamedTuple):
    """Seconds of a training on a CPU."""

    step: float
    epoch: float  # With its validation.
    training: float  # The epochs to go, or the time that bounds them, and the scoring at the end.


def seconds_a_product(*, for_seconds: float = 1.0) -> float:
    """Measure this machine for about a second: the median seconds of a product of two matrices."""
    matrix = np.random.default_rng(0).random((MATRIX_SIDE, MATRIX_SIDE), np.float32)
    matrix @ matrix  # Starts the threads.
    seconds: list[float] = []
    until = time.perf_counter() + for_seconds
    while not seconds or time.perf_counter() < until:
        began = time.perf_counter()
        matrix @ matrix
        seconds.append(time.perf_counter() - began)
    return median(seconds)


def estimate(
    experiment: Experiment, counts: ImageCounts, *, product: float, done: int = 0
) -> Estimate | None:
    """Estimate a training on a CPU; None for an architecture that is not in the table.

    Args:
        experiment: Settings of the training.
        counts: From `count_images`.
        product: Seconds, from `seconds_a_product`.
        done: Epochs that a training has behind it which is gone on with.
    """
    if experiment.arch not in COSTS:
        return None
    cost = COSTS[experiment.arch]
    unit = product * (experiment.image_size / cost.image_size) ** 2
    scored = counts.selection + min(_REFRESHED, counts.epoch)
    epoch = unit * (cost.step * counts.epoch + cost.score * scored)
    epochs = epoch * max(0, (experiment.last_epoch or experiment.epochs) - done)
    if experiment.is_linear_probe:  # Its epochs learn from features that are computed once.
        epochs = unit * cost.score * (counts.epoch + counts.selection)
        epoch = epochs / experiment.epochs
    if experiment.max_minutes is not None:
        epochs = min(epochs, 60 * experiment.max_minutes)
    at_end = unit * cost.score * (counts.selection + counts.held_out)
    return Estimate(unit * cost.step * experiment.batch_size, epoch, epochs + at_end)


def count_images(experiment: Experiment, records: Path) -> ImageCounts:
    """Count the images that a training learns from and scores.

    Raises:
        RecordsError, FoldsError: There are no records, or no folds.
    """
    return count_rows(experiment, read_index(records), read_folds(records))


def count_rows(
    experiment: Experiment, rows: Sequence[IndexRow], fold_of_name: Mapping[str, int]
) -> ImageCounts:
    """Count as `count_images` does, from the tables of a records directory."""
    split, fold = selection_set(experiment)
    chosen_on = [row for row in rows if row.split == split and fold_of_name.get(row.name) == fold]
    learnt = [row for row in rows if row.split == "train" and not row.duplicate_of]
    if experiment.protocol == "honest":
        learnt = [row for row in learnt if fold_of_name.get(row.name) != fold]
    labels = [row.label for row in learnt]
    size = min(len(labels), experiment.limit_train or len(labels))
    positive = round(size * sum(labels) / max(1, len(labels)))
    plan = STRATEGIES[experiment.imbalance]((max(1, size - positive), max(1, positive)))
    most = experiment.limit_validation or len(rows)
    scores_more = experiment.protocol == "honest" and experiment.score_held_out
    held_out = [row for row in rows if row.split == "validation"]
    return ImageCounts(
        epoch=size if plan.draws is None else sum(plan.draws),
        selection=min(most, len(chosen_on)) if experiment.chooses else 0,
        held_out=min(most, len(held_out)) if scores_more else 0,
    )
