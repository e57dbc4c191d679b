"""Cells that an exported file is held against, and what the runs themselves answer to them."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from all_tf.config.experiment import Experiment
from all_tf.data.cells import Cells, limit_cells, load_cells
from all_tf.data.splits import learnt_from, load_set
from all_tf.evaluation.ensemble import calibrated_logits
from all_tf.metrics.predictions import logistic
from all_tf.runs.folder import EvaluationSet, RunError, read_config, set_name
from all_tf.runs.records_digest import RecordsDigest
from all_tf.runs.stamps import selection_set
from tfrecords.codec.png import decode_boxes
from tfrecords.schema import IMAGE_SIDE

_FLOAT32 = "float32"


class ProofCells(NamedTuple):
    """Which cells an exported file is held against the runs on."""

    number: int = 200  # At most, evenly over the set.
    records: Path | None = None  # A copy of the records; None for where the run has them from.
    trusted: bool = False  # As `all_tf.data.cells.load_cells` takes it.


class Reference(NamedTuple):
    """The runs' own answers to some cells, by the functions that scripts/predict.py calls."""

    cells: Cells
    place: str  # The name of the set.
    scores: np.ndarray  # float64 (n,), calibrated.
    answers: np.ndarray  # int64 (n,) in {0, 1}.
    rounding: dict[str, object] | None  # What half precision does to these runs; see `refer`.


def refer(members: Sequence[Path], asked: ProofCells, *, threshold: float) -> Reference:
    """Score cells of the first run's selection set by all runs, in float32.

    Args:
        members: Finished runs.
        asked: How many cells, of which records.
        threshold: Of the calibrated score.

    Returns:
        The reference. Its `rounding` is None where all runs compute in float32. Else it holds
        `largest_difference` and `answers_that_differ` between the runs as they were trained, in
        half precision, and in float32, in which they are exported.

    Raises:
        RunError: A run is damaged, or the records are not its own.
        RecordsError, FoldsError, SplitError: The records are missing or damaged.
    """
    cells, place = _selection_cells(members[0], asked)
    scores = _scores(members, cells, precision=_FLOAT32)
    answers = _decide(scores, threshold)
    rounding: dict[str, object] | None = None
    if any(read_config(run)[0].precision != _FLOAT32 for run in members):
        own = _scores(members, cells, precision=None)
        rounding = {
            "largest_difference": float(np.max(np.abs(own - scores))),
            "answers_that_differ": int(np.count_nonzero(_decide(own, threshold) != answers)),
        }
    return Reference(cells, place, scores, answers, rounding)


def _scores(members: Sequence[Path], cells: Cells, *, precision: str | None) -> np.ndarray:
    logits = [calibrated_logits(run, cells, precision=precision) for run in members]
    return logistic(np.mean(logits, axis=0))


def _decide(scores: np.ndarray, threshold: float) -> np.ndarray:
    return (scores >= threshold).astype(np.int64)


def _selection_cells(run: Path, asked: ProofCells) -> tuple[Cells, str]:
    experiment, facts = read_config(run)
    RecordsDigest.stored_in(facts)
    split, fold = selection_set(experiment)
    loaded = load_set(facts, EvaluationSet(split, fold, asked.records, asked.trusted))
    if not loaded.own:
        raise RunError(
            f"{loaded.records} are not the records that {run} was trained on, so that they hold no "
            "cells of its selection set. Name a copy of its own by --records."
        )
    cells = limit_cells(loaded.cells, experiment.limit_validation, seed=experiment.seed)
    return _evenly(cells, asked.number), set_name(split, fold)


def training_images(run: Path, asked: ProofCells, *, number: int) -> np.ndarray:
    """Images that a run has learnt from: uint8 `(n, 450, 450, 3)`, n at most `number`."""
    experiment, facts = read_config(run)
    cells = load_cells(asked.records or Path(facts["records"]), "train", trusted=asked.trusted)
    return np.stack([native_image(png) for png in _fit(cells, experiment, number).pngs])


def _fit(cells: Cells, experiment: Experiment, number: int) -> Cells:
    return _evenly(learnt_from(cells, experiment), number)


def _evenly(cells: Cells, number: int) -> Cells:
    """At most so many cells, evenly over their order, in which one patient follows another."""
    chosen = np.linspace(0, len(cells) - 1, min(number, len(cells))).round().astype(np.int64)
    return cells.take(chosen)


def write_images(path: Path, cells: Cells) -> None:
    """Write the images of cells to a file of numpy, uint8 `(n, 450, 450, 3)`, one by one."""
    shape = (len(cells), IMAGE_SIDE, IMAGE_SIDE, 3)
    partial = np.lib.format.open_memmap(path, "w+", np.uint8, shape)
    for image, png in zip(partial, cells.pngs, strict=True):
        image[:] = native_image(png)
    partial.flush()


def native_image(png: bytes) -> np.ndarray:
    """The image of a record, as it is: uint8 `(450, 450, 3)`.

    Raises:
        BitmapError: The PNG is damaged.
    """
    image = np.zeros((IMAGE_SIDE, IMAGE_SIDE, 3), np.uint8)
    (box,) = decode_boxes([png])
    height, width, _ = box.pixels.shape
    image[box.top : box.top + height, box.left : box.left + width] = box.pixels
    return image
