"""Pictures of what a network sees: cells before and after augmentation."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure

from all_tf.augmentation import build_augment
from all_tf.canvases import canvas_lookup
from all_tf.cells import Cells
from all_tf.config import Experiment
from all_tf.pipeline import evaluation_batches
from tfrecords.schema import CLASSES

_CELL_INCHES = 2.0  # At 150 dots an inch a cell has the 300 pixels that most networks see.


class Version(NamedTuple):
    """A batch as a network is given it."""

    title: str
    images: np.ndarray  # float32 (b, s, s, 3) in [0, 255].
    labels: np.ndarray  # float32 (b,) in [0, 1].


def batch_versions(cells: Cells, experiment: Experiment, *, num_steps: int) -> list[Version]:
    """The cells as one batch: as validation sees them, then as each of the first steps does.

    Args:
        cells: Labelled; not empty.
        experiment: Whose view, augmentation and seed are followed.
        num_steps: How many augmented versions.
    """
    view = experiment.view
    lookup = canvas_lookup(cells, view, title="cells")
    batches = evaluation_batches(cells, lookup=lookup, view=view, batch_size=len(cells))
    plain, labels, _ = next(iter(batches))
    versions = [("before", plain, labels)]
    augment = build_augment(experiment.augment, view=view, seed=experiment.seed)
    canvases = lookup(tf.range(len(cells), dtype=tf.int64))
    for step in range(num_steps):
        versions.append((f"step {step}", *augment(canvases, labels, tf.constant(step))))
    return [
        Version(title, np.asarray(images, np.float32), np.ravel(shares))
        for title, images, shares in versions
    ]


def draw_versions(path: Path, versions: Sequence[Version], *, title: str) -> None:
    """Write a picture: a row for each cell, a column for each version, labels beneath.

    Args:
        path: Its ending names the format, as matplotlib knows them. Written over.
        versions: Of one batch.
        title: Above all.

    Raises:
        ValueError: The ending names no format.
        OSError: The file cannot be written.
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
            place.set_xlabel(_caption(float(version.labels[row])), fontsize=9)
            place.set(xticks=[], yticks=[])
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def _caption(label: float) -> str:
    """The class, or the shares of both: "ALL", "HEM", "ALL .83, HEM .17"."""
    if label in (0, 1):
        return CLASSES[int(label)].upper()
    shares = ((CLASSES[1], label), (CLASSES[0], 1 - label))
    return ", ".join(f"{name.upper()} {share:.2f}" for name, share in shares)
