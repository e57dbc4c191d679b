"""An estimate of how long a training takes on this machine's CPU, from a table and one second.

The table holds the cost of a bare training step in products of two matrices of 1,024 x 1,024,
measured in turn with such products, so that the load of the machine then cancels out. A second of
products here gives the seconds. Caches, augmentation and other programs are left out: expect the
truth within a factor of two. A GPU is not in the table.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

from all_tf.config.experiment import Experiment
from all_tf.data.class_balance import STRATEGIES
from all_tf.runs.stamps import selection_set
from tfrecords.store.folds import read_folds
from tfrecords.store.index import IndexRow, read_index

_SIDE = 1024  # Of the matrices.
_TO_MEASURE = 1.0  # Seconds.
_REFRESHED = 512  # Images an epoch, for the statistics of batch norm (`all_tf.training.fit`).


class ImageCost(NamedTuple):
    """The cost of one image, in products of two matrices."""

    image_size: int  # At which it was measured.
    step: float  # A step on the image: forward, backward, Adam.
    score: float  # Its prediction.


# Measured 2026-11 with float32 on two cores of an AMD EPYC and TensorFlow 2.21: processor time of
# `train_on_batch` and `predict_on_batch` with batches of 4 to 32 images, medians of 3 to 6 rounds.
# "Derived": from a measured network of the family, by the multiply-adds that its authors state.
COSTS: dict[str, ImageCost] = {
    "base_cnn": ImageCost(100, 0.33, 0.07),
    "cellnet": ImageCost(128, 0.21, 0.06),
    "vgg16": ImageCost(128, 12.4, 3.4),
    "vgg19": ImageCost(128, 15.7, 4.3),  # Derived.
    "efficientnetb0": ImageCost(300, 9.9, 1.9),
    "efficientnetb3": ImageCost(200, 7.8, 1.7),  # Derived.
    "efficientnetb4": ImageCost(300, 25.6, 5.6),
    "efficientnetb5": ImageCost(300, 42.0, 9.2),  # Derived.
    "efficientnetb7": ImageCost(300, 90.6, 19.9),  # Derived.
    "densenet121": ImageCost(300, 29.7, 4.8),
    "densenet161": ImageCost(100, 9.0, 1.5),  # Derived.
    "densenet169": ImageCost(300, 25.6, 5.1),
    "googlenet": ImageCost(200, 5.2, 1.0),
    "resnet152": ImageCost(300, 60.7, 14.4),
}


class ImageCounts(NamedTuple):
    """The images of a training."""

    epoch: int  # Learnt from in an epoch; repeated ones count each time.
    selection: int
    held_out: int  # Scored once, at the end.


class Estimate(NamedTuple):
    """Seconds of a training on a CPU."""

    step: float
    epoch: float  # With its validation.
    training: float  # All epochs, or the time that bounds them, and the scoring at the end.


def seconds_a_product() -> float:
    """Measure this machine for about a second: the median seconds of a product of two matrices."""
    matrix = np.random.default_rng(0).random((_SIDE, _SIDE), np.float32)
    matrix @ matrix  # Starts the threads.
    seconds: list[float] = []
    until = time.perf_counter() + _TO_MEASURE
    while not seconds or time.perf_counter() < until:
        began = time.perf_counter()
        matrix @ matrix
        seconds.append(time.perf_counter() - began)
    return median(seconds)


def estimate(experiment: Experiment, counts: ImageCounts, *, product: float) -> Estimate | None:
    """Estimate a training on a CPU; None for an architecture that is not in the table.

    Args:
        experiment: Settings of the training.
        counts: From `count_images`.
        product: Seconds, from `seconds_a_product`.
    """
    if experiment.arch not in COSTS:
        return None
    cost = COSTS[experiment.arch]
    unit = product * (experiment.image_size / cost.image_size) ** 2
    scored = counts.selection + min(_REFRESHED, counts.epoch)
    epoch = unit * (cost.step * counts.epoch + cost.score * scored)
    epochs = epoch * (experiment.last_epoch or experiment.epochs)
    if experiment.max_minutes is not None:
        epochs = min(epochs, 60 * experiment.max_minutes)
    at_end = unit * cost.score * (counts.selection + counts.held_out)
    return Estimate(unit * cost.step * experiment.batch_size, epoch, epochs + at_end)


def count_images(experiment: Experiment, records: Path) -> ImageCounts:
    """Count the images that a training learns from and scores.

    Raises:
        RecordsError, FoldsError: There are no records, or no folds.
    """
    return _count(experiment, read_index(records), read_folds(records))


def _count(
    experiment: Experiment, rows: Sequence[IndexRow], fold_of_name: dict[str, int]
) -> ImageCounts:
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
