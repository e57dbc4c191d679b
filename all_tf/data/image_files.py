"""Image files of new cells: found, read and compared with the range of the training set."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from all_tf.data.cells import Cells
from all_tf.data.known_range import NUM_MEASURES
from all_tf.data.measured_images import MeasuredImage, decode_files, measure_images
from all_tf.data.training_range import name_departures
from all_tf.system.progress import track
from tfrecords.codec.regular_file import read_image_file
from tfrecords.schema import UNLABELLED
from tfrecords.sources.folders import OTHER_SUFFIXES, SUFFIXES
from tfrecords.sources.tree import list_special, walk

_UNCHECKED = "not compared with the training set: the run has no range of it"


@dataclass(frozen=True)
class NewCells:
    """Unlabelled images, with what is measured of them; row i of everything is one image."""

    cells: Cells  # Their names are the paths.
    warnings: list[list[str]]  # For each cell, its departures from the training set.
    problems: list[str]  # Files that could not be read: "PATH: REASON".
    features: list[dict[str, float]]  # Of `measure_image`.
    measures: np.ndarray  # float64 (n, 24), of `measure_cell`.

    def take(self, which: np.ndarray) -> "NewCells":
        """Return the images at these indices, with all problems."""
        return NewCells(
            self.cells.take(which),
            [self.warnings[index] for index in which],
            self.problems,
            [self.features[index] for index in which],
            self.measures[which],
        )


def read_new_cells(
    paths: Sequence[Path], ranges: dict[str, tuple[float, float]] | None
) -> NewCells:
    """Read images as records store them: the central 450 px, with black around smaller ones.

    Args:
        paths: Images of any format that `decode_picture` reads, or folders of them.
        ranges: The ranges of the training set (`read_range`); None if they are not known.
    """
    files, problems = _find(paths)
    tracked = track(files, "reading images", len(files))
    named = ((_shown(path), partial(read_image_file, path)) for path in tracked)
    measured = list(measure_images(decode_files(named, problems), problems))
    return new_cells_of(measured, ranges, problems=problems)


def join_new_cells(parts: Sequence[NewCells]) -> NewCells:
    """Put the images of several `NewCells` one after another; there is at least one of these."""
    cells = [part.cells for part in parts]
    columns = {
        name: np.concatenate([getattr(each, name) for each in cells])
        for name in (field.name for field in fields(Cells))
        if name != "classes"
    }
    return NewCells(
        Cells(**columns, classes=cells[0].classes),
        [warned for part in parts for warned in part.warnings],
        [problem for part in parts for problem in part.problems],
        [found for part in parts for found in part.features],
        np.concatenate([part.measures for part in parts]),
    )


def measure_new_cells(
    images: Iterable[tuple[str, Image.Image]], ranges: dict[str, tuple[float, float]] | None
) -> NewCells:
    """Measure images that have been decoded; those without a cell are `problems`.

    Args:
        images: A name and an RGB image of any size, each.
        ranges: As `read_new_cells` takes them.
    """
    problems: list[str] = []
    return new_cells_of(list(measure_images(images, problems)), ranges, problems=problems)


def new_cells_of(
    measured: Sequence[MeasuredImage],
    ranges: dict[str, tuple[float, float]] | None,
    *,
    problems: list[str],
) -> NewCells:
    """Compare measured images with the range of the training set.

    Args:
        measured: Of `measure_images`.
        ranges: As `read_new_cells` takes them.
        problems: "NAME: REASON" of each file that is not among them.
    """
    features = [each.features for each in measured]
    warnings = [
        [_UNCHECKED] if ranges is None else name_departures(found, ranges) for found in features
    ]
    matrix = np.array([each.measures for each in measured]).reshape(len(measured), NUM_MEASURES)
    cells = _unlabelled([each.png for each in measured], [each.name for each in measured])
    return NewCells(cells, warnings, problems, features, matrix)


def _find(paths: Iterable[Path]) -> tuple[list[Path], list[str]]:
    """Return the images in the order of the paths, each once, and the problems that were found."""
    found: dict[object, Path] = {}
    hard_links: dict[Path, str] = {}
    problems: list[str] = []

    def add(path: Path) -> None:
        first = found.setdefault(_identity(path), path)
        # A link, or a path that is given twice, is this file; a hard link is a file by itself.
        if first != path and first.resolve() != (real := path.resolve()):
            line = f"{_shown(path)}: the same file as {_shown(first)}, which is read once"
            hard_links.setdefault(real, line)

    for path in paths:
        if not path.is_dir():
            add(path)  # `decode_picture` checks its content.
            continue
        tree = walk(path)
        images = [file for file in tree.files if file.suffix.lower() in SUFFIXES]
        problems += tree.problems
        problems += map(_shown, list_special(tree, SUFFIXES + OTHER_SUFFIXES))
        problems += [
            f"{_shown(file)}: expected one of {', '.join(SUFFIXES)}"
            for file in tree.files
            if file.suffix.lower() in OTHER_SUFFIXES
        ]
        if not images:
            problems.append(f"{_shown(path)}: no image below this folder")
        for file in images:
            add(file)
    return list(found.values()), [*problems, *hard_links.values()]


def _identity(path: Path) -> object:
    """Return what is equal for two names of one file, be they links or mounts."""
    try:
        status = path.stat()
    except OSError:
        return path  # Reading it will say why.
    return status.st_dev, status.st_ino


def _shown(path: Path | str) -> str:
    """Return a path, or a text with one, as valid UTF-8, whatever bytes its name has."""
    return os.fsencode(path).decode("utf-8", "replace")


def _unlabelled(pngs: list[bytes], names: list[str]) -> Cells:
    empty = np.full(len(names), "")
    return Cells(
        pngs=np.array(pngs, dtype=object),
        labels=np.full(len(names), UNLABELLED, np.int64),
        patients=empty,
        groups=empty,
        names=np.array(names, dtype=str),
        duplicate_of=empty,
        folds=np.full(len(names), -1, np.int64),
    )
