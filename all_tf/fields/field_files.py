"""Finds the picture files of fields, names them, and reads them."""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tfrecords.codec.bmp import BitmapError
from tfrecords.codec.pictures import decode_picture
from tfrecords.codec.regular_file import read_image_file
from tfrecords.names import legible, name_fault, one_spelling, without_steps_up
from tfrecords.sources.folders import OTHER_SUFFIXES, SUFFIXES
from tfrecords.sources.tree import Tree, list_special, walk


class FieldFile(NamedTuple):
    """A picture of a field."""

    path: Path
    field: str  # The path below what all given paths have in common, with "/".
    name: str  # Of the files that are made of it; no other field has it.
    patient: str  # The folder it lies in.


def find_fields(
    paths: Sequence[Path], *, leave_out: Path | None = None
) -> tuple[list[FieldFile], list[str]]:
    """List the pictures that paths name, each once, in order.

    Args:
        paths: Pictures, or folders of them.
        leave_out: A folder that is not searched, since results are written there.

    Returns:
        The fields, and one line for each thing that cannot be one.
    """
    found: dict[Path, Path] = {}  # The real place of a file and the first path that leads there.
    problems: list[str] = []
    for path in paths:
        if not path.is_dir():
            found.setdefault(path.resolve(), path)
            continue
        tree = walk(path) if leave_out is None else _outside(walk(path), leave_out)
        problems += tree.problems + list_special(tree, SUFFIXES + OTHER_SUFFIXES)
        problems += [
            f"{file}: expected one of {', '.join(SUFFIXES)}"
            for file in tree.files
            if file.suffix.lower() in OTHER_SUFFIXES
        ]
        pictures = [file for file in tree.files if file.suffix.lower() in SUFFIXES]
        if not pictures:
            problems.append(f"{path}: no picture below this folder")
        for file in pictures:
            found.setdefault(file.resolve(), file)
    clear = []
    for field in _named(list(found.values())):
        if fault := name_fault(f"{field.path}{field.field}{field.patient}"):
            problems.append(f"{legible(field.path)}: {fault}")
        else:
            clear.append(field)
    return clear, problems


def read_field(path: Path) -> np.ndarray:
    """Read a picture as uint8 `(height, width, 3)`, strictly.

    Raises:
        OSError, BitmapError: It cannot be read, or is damaged.
    """
    return np.asarray(decode_picture(read_image_file(path)))


def reason(error: Exception) -> str:
    """Say why a file was not read, without its path."""
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)


READ_ERRORS = (OSError, BitmapError)


def _outside(tree: Tree, folder: Path) -> Tree:
    """The tree without what lies in a folder, wherever links lead."""
    real = folder.resolve()
    kept = [
        [path for path in paths if not path.resolve().is_relative_to(real)]
        for paths in (tree.files, tree.special)
    ]
    return tree._replace(files=kept[0], special=kept[1])


def _named(paths: Sequence[Path]) -> list[FieldFile]:
    """Name each field by its file, and where two are called alike by its folders, too."""
    places = [without_steps_up(path) for path in paths]
    common = Path(os.path.commonpath([place.parent for place in places])) if places else Path()
    relative = [place.relative_to(common) for place in places]
    spellings = [_choices(path) for path in relative]
    counts = [Counter(choice[k].lower() for choice in spellings) for k in range(3)]
    patients = _patients(relative)
    fields = []
    for path, below, names in zip(paths, relative, spellings, strict=True):
        free = [name for name, count in zip(names, counts, strict=True) if count[name.lower()] == 1]
        patient = patients[below.parent] or common.name or "patient"
        text = one_spelling(below.as_posix())
        fields.append(FieldFile(path, text, (free or [_joined(below)])[0], one_spelling(patient)))
    return fields


def _patients(fields: Sequence[Path]) -> dict[Path, str]:
    """A patient for each folder, by the names on the way to it; two folders are two patients."""
    folders = {path.parent for path in fields}
    joined = {folder: "_".join(folder.parts) for folder in folders}
    counts = Counter(joined.values())
    return {
        folder: name if counts[name] == 1 else "__".join(folder.parts)
        for folder, name in joined.items()
    }


def _choices(path: Path) -> tuple[str, str, str]:
    return one_spelling(path.stem), _joined(path.with_suffix("")), _joined(path)


def _joined(path: Path) -> str:
    return one_spelling("_".join(path.parts))
