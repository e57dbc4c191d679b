"""Image files of new cells: found, read and compared with the range of the training set."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from all_tf.data.cells import Cells
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
    """Unlabelled images that were read from files."""

    cells: Cells  # Their names are the paths.
    warnings: list[list[str]]  # For each cell, its departures from the training set.
    problems: list[str]  # Files that could not be read: "PATH: REASON".


def read_new_cells(
    paths: Sequence[Path], ranges: dict[str, tuple[float, float]] | None
) -> NewCells:
    """Read images as records store them: the central 450 px, with black around smaller ones.

    Args:
        paths: Images of any format that `decode_picture` reads, or folders of them.
        ranges: The ranges of the training set (`read_range`); None if they are not known.
    """
    files, problems = _find(paths)
    pngs, names, warnings = [], [], []
    for path in track(files, "reading images", len(files)):
        try:
            image = decode_picture(read_image_file(path))
            features = measure_image(image)
            if not features["area"]:
                raise BitmapError("its central 450 px are black: no cell")
        except (OSError, BitmapError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            problems.append(f"{_shown(path)}: {reason}")
            continue
        pngs.append(encode_png(fit_center(image, IMAGE_SIDE)))
        names.append(_shown(path))
        warnings.append([_UNCHECKED] if ranges is None else name_departures(features, ranges))
    return NewCells(_unlabelled(pngs, names), warnings, problems)


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
