"""Pictures of a network's input: cells before and after augmentation."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure

from all_tf.config.experiment import Experiment
from all_tf.data.augmentation import build_augment
from all_tf.data.batches import epoch_order, evaluation_batches, images_in_epoch, steps_in_epoch
from all_tf.data.canvas_cache import canvas_lookup
from all_tf.data.cells import Cells
from all_tf.data.class_balance import Plan
from tfrecords.class_names import CNMC_CLASSES, ClassNames
from tfrecords.store.files import atomic_write

_CELL_INCHES = 2.0  # At 150 dots an inch a cell has the 300 pixels that most networks see.


class Version(NamedTuple):
    """A batch as the network sees it."""

    title: str
    images: np.ndarray  # float32 (b, s, s, 3) in [0, 255].
    labels: np.ndarray  # float32 (b,) in [0, 1].
    notes: Sequence[str] = ()  # One for each image, beneath its label; none by default.


def batch_versions(cells: Cells, experiment: Experiment, *, num_steps: int) -> list[Version]:
    """Return the cells as one batch, first as in validation, then augmented as in several steps.

    Args:
        cells: Labelled cells, at least one.
        experiment: Settings of view, augmentation and seed.
        num_steps: Number of augmented versions.
    """
    view = experiment.view
    lookup = canvas_lookup(cells, view, title="cells")
    labels = cells.labels[:, None].astype(np.float32)
    versions = [("before", seen(cells, experiment), labels)]
    augment = build_augment(experiment.augment, view=view, seed=experiment.seed)
    canvases = lookup(tf.range(len(cells), dtype=tf.int64))
    for step in range(num_steps):
        versions.append((f"step {step}", *augment(canvases, labels, tf.constant(step))))
    return [
        Version(title, np.asarray(images, np.float32), np.ravel(shares))
        for title, images, shares in versions
    ]


def seen(cells: Cells, experiment: Experiment) -> np.ndarray:
    """Return the cells as in validation and prediction: uint8 `(n, s, s, 3)`, in their order.

    Args:
        cells: At least one.
        experiment: Settings of the view.
    """
    lookup = canvas_lookup(cells, experiment.view, title="cells")
    batches = evaluation_batches(cells, lookup=lookup, view=experiment.view, batch_size=len(cells))
    images, _, _ = next(iter(batches))
    return images.numpy()


def learnt_batch(cells: Cells, plan: Plan, experiment: Experiment, *, epoch: int) -> Version:
    """Return the first batch of an epoch, as the training step saw it.

    Args:
        cells: The training cells of the run.
        plan: How often an epoch shows each of them.
        experiment: The experiment of the run.
        epoch: Number of the epoch, from 0.
    """
    size = min(experiment.batch_size, images_in_epoch(cells, plan))
    order = epoch_order(cells, plan, seed=experiment.seed, epoch=epoch)
    batch = cells.take(order[:size])
    step = epoch * steps_in_epoch(cells, plan, batch_size=experiment.batch_size)
    augment = build_augment(experiment.augment, view=experiment.view, seed=experiment.seed)
    canvases = canvas_lookup(batch, experiment.view, title="cells")(tf.range(size, dtype=tf.int64))
    labels = batch.labels[:, None].astype(np.float32)
    images, shares = augment(canvases, labels, tf.constant(step))
    return Version(f"epoch {epoch + 1}, step {step + 1}", np.asarray(images), np.ravel(shares))


def draw_versions(
    path: Path,
    versions: Sequence[Version],
    *,
    title: str,
    classes: ClassNames = CNMC_CLASSES,
) -> None:
    """Write the picture of `versions_figure`.

    Args:
        path: The file, with a suffix that matplotlib knows; an existing one is overwritten.
        versions, title, classes: As `versions_figure` takes them.

    Raises:
        ValueError: The suffix names no format.
        OSError: The file cannot be written.
    """
    figure = versions_figure(versions, title=title, classes=classes)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as partial:
        figure.savefig(partial)


def versions_figure(
    versions: Sequence[Version], *, title: str, classes: ClassNames = CNMC_CLASSES
) -> Figure:
    """A row for each cell, a column for each version, and labels beneath.

    Args:
        versions: Versions of one batch.
        title: Title of the picture.
        classes: What the labels are called.
    """
    num_rows, num_columns = len(versions[0].images), len(versions)
    size = (_CELL_INCHES * num_columns, (_CELL_INCHES + 0.25) * num_rows + 0.6)
    figure = Figure(figsize=size, dpi=150, layout="constrained")
    figure.suptitle(title, fontsize=11)
    places = figure.subplots(num_rows, num_columns, squeeze=False)
    for column, version in enumerate(versions):
        places[0, column].set_title(version.title, fontsize=11)
        for row, place in enumerate(places[:, column]):
            place.imshow(np.rint(version.images[row]).astype(np.uint8))
            below = [caption(float(version.labels[row]), classes), *version.notes[row : row + 1]]
            place.set_xlabel(", ".join(below), fontsize=9)
            place.set(xticks=[], yticks=[])
    return figure


def caption(label: float, classes: ClassNames) -> str:
    """Name the class of a label, or the shares of both: "ALL", "HEM", "ALL 0.83, HEM 0.17"."""
    if label in (0, 1):
        return classes[int(label)]
    shares = ((classes.positive, label), (classes.negative, 1 - label))
    return ", ".join(f"{name} {share:.2f}" for name, share in shares)
