"""Image files of new cells: found, read and compared with the range of the training set."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from all_tf.data.cell_measures import measure_cell
from all_tf.data.cells import Cells
from all_tf.data.known_range import NUM_MEASURES
from all_tf.data.training_range import measure_image, name_departures
from all_tf.system.progress import track
from tfrecords.codec.bmp import BitmapError
from tfrecords.codec.pictures import decode_picture, fit_center
from tfrecords.codec.png import encode_png
from tfrecords.codec.regular_file import read_image_file
from tfrecords.schema import IMAGE_SIDE, UNLABELLED
from tfrecords.sources.folders import OTHER_SUFFIXES, SUFFIXES
from tfrecords.sources.tree import walk

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
    decoded = _decoded(track(files, "reading images", len(files)), problems)
    new = measure_new_cells(decoded, ranges)
    return replace(new, problems=problems + new.problems)


def measure_new_cells(
    images: Iterable[tuple[str, Image.Image]], ranges: dict[str, tuple[float, float]] | None
) -> NewCells:
    """Measure images that have been decoded; those without a cell are `problems`.

    Args:
        images: A name and an RGB image of any size, each.
        ranges: As `read_new_cells` takes them.
    """
    pngs, names, features, measures, problems = [], [], [], [], []
    for name, image in images:
        found = measure_image(image)
        if not found["area"]:
            problems.append(f"{name}: its central {IMAGE_SIDE} px are black: no cell")
            continue
        central = fit_center(image, IMAGE_SIDE)
        pngs.append(encode_png(central))
        names.append(name)
        features.append(found)
        measures.append(measure_cell(np.asarray(central)))
    warnings = [
        [_UNCHECKED] if ranges is None else name_departures(found, ranges) for found in features
    ]
    matrix = np.array(measures).reshape(len(names), NUM_MEASURES)
    return NewCells(_unlabelled(pngs, names), warnings, problems, features, matrix)


def _decoded(files: Iterable[Path], problems: list[str]) -> Iterator[tuple[str, Image.Image]]:
    """Yield the name and the pixels of each file; one that cannot be read goes to `problems`."""
    for path in files:
        try:
            yield _shown(path), decode_picture(read_image_file(path))
        except (OSError, BitmapError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            problems.append(f"{_shown(path)}: {reason}")


def _find(paths: Iterable[Path]) -> tuple[list[Path], list[str]]:
    """Return the images in the order of the paths, each once, and the problems that were found."""
    found: dict[object, Path] = {}
    problems: list[str] = []
    for path in paths:
        if not path.is_dir():
            found.setdefault(_identity(path), path)  # `decode_picture` checks its content.
            continue
        tree = walk(path)
        images = [file for file in tree.files if file.suffix.lower() in SUFFIXES]
        problems += tree.problems
        problems += [
            f"{_shown(file)}: expected one of {', '.join(SUFFIXES)}"
            for file in tree.files
            if file.suffix.lower() in OTHER_SUFFIXES
        ]
        if not images:
            problems.append(f"{_shown(path)}: no image below this folder")
        for file in images:
            found.setdefault(_identity(file), file)
    return list(found.values()), problems


def _identity(path: Path) -> object:
    """Return what is equal for two names of one file, be they links or mounts."""
    try:
        status = path.stat()
    except OSError:
        return path  # Reading it will say why.
    return status.st_dev, status.st_ino


def _shown(path: Path) -> str:
    """Return a path as valid UTF-8 text, whatever bytes its name has."""
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
