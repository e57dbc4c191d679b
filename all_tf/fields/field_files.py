"""Finds the picture files of fields, names them, and reads them."""

import os
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from all_tf.fields.optical_density import FieldError
from tfrecords.codec.bmp import BitmapError
from tfrecords.codec.pictures import decode_picture
from tfrecords.codec.regular_file import read_image_file
from tfrecords.counted import counted
from tfrecords.names import alike, legible, look_of, name_fault, one_spelling, without_steps_up
from tfrecords.sources.folders import OTHER_SUFFIXES, SUFFIXES
from tfrecords.sources.tree import Tree, list_special, walk


class FieldFile(NamedTuple):
    """A picture of a field."""

    path: Path
    field: str  # The path below what all given paths have in common, with "/".
    name: str  # Of the files that are made of it; no other field has it, in capitals or not.
    patient: str  # The folder it lies in; no other folder has it, nor one that looks alike.

    @property
    def shown(self) -> str:
        """What a message calls it."""
        return str(self.path)


def find_fields(
    paths: Sequence[Path], *, leave_out: Path | None = None
) -> tuple[list[FieldFile], list[str]]:
    """List the pictures that paths name, each once, in order.

    Args:
        paths: Pictures, or folders of them.
        leave_out: A folder that is not searched, since results are written there.

    Returns:
        The fields, and one line for each thing that cannot be one.

    Raises:
        FieldError: Two fields would have one name, or two folders one patient or two whose names
            look alike (`look_of`); the message says which.
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


def several_folders(fields: Sequence[FieldFile]) -> str:
    """Say where the folders within one folder count as patients: they may be one's slides.

    Args:
        fields: What `find_fields` found.

    Returns:
        A line; empty where the fields lie as `PATIENT/FIELD`.
    """
    # Where a field lies above the other folders, all of them are within its own.
    above = next((field.patient for field in fields if "/" not in field.field), "")
    patients_of_top: defaultdict[str, set[str]] = defaultdict(set)
    for field in fields:
        patients_of_top[above or field.field.split("/")[0]].add(field.patient)
    counts = {top: len(held) for top, held in patients_of_top.items() if len(held) > 1}
    if not counts:
        return ""
    first, number = next(iter(counts.items()))
    more = f", likewise in {counted(len(counts) - 1, 'more folder')}" * (len(counts) > 1)
    return (
        f"{number} folders within {first} count as {number} patients{more}. If they are one "
        "person, put the fields into one folder, or write one name into the column patient of "
        "patients.csv"
    )


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
    """Name each field by its file, and where another could be called so by its folders, too."""
    places = [without_steps_up(path) for path in paths]
    common = Path(os.path.commonpath([place.parent for place in places])) if places else Path()
    relative = [place.relative_to(common) for place in places]
    spellings = [_choices(path) for path in relative]
    # Of all kinds together: the stem of one file may be the path of another.
    counts = Counter(name for choice in spellings for name in set(map(str.casefold, choice)))
    patients = _patients(relative, common)
    fields = []
    for path, below, names in zip(paths, relative, spellings, strict=True):
        free = [name for name in names if counts[name.casefold()] == 1]
        text = one_spelling(below.as_posix())
        patient = patients[_spelt(below.parent)]
        fields.append(FieldFile(path, text, (free or [names[-1]])[0], patient))
    _refuse_one_name(fields)
    return fields


def _refuse_one_name(fields: Sequence[FieldFile]) -> None:
    first_of_name: dict[str, FieldFile] = {}
    for field in fields:
        first = first_of_name.setdefault(field.name.casefold(), field)
        if first is not field:
            raise FieldError(
                f"{first.path}, {field.path}: both would be called {field.name!a}, and the cells "
                "of one would replace those of the other, on some disks at least. Rename one"
            )


def _patients(fields: Sequence[Path], common: Path) -> dict[str, str]:
    """A patient for each folder below `common`, by the names on the way to it, each another one.

    Raises:
        FieldError: Two folders would be one patient, or two whose names look alike.
    """
    folders = {_spelt(path.parent): path.parent.parts for path in fields}
    joined = {folder: "_".join(parts) for folder, parts in folders.items()}
    counts = Counter(joined.values())
    patients: dict[str, str] = {}
    first_of_look: dict[str, str] = {}
    for folder, name in joined.items():
        patient = one_spelling(name if counts[name] == 1 else "__".join(folders[folder]))
        patients[folder] = patient or one_spelling(common.name) or "patient"
        first = first_of_look.setdefault(look_of(patients[folder]), folder)
        if first != folder:
            where = f"The folders {common / first} and {common / folder}"
            raise FieldError(f"{where}: {_confusion(patients[first], patients[folder])}")
    return patients


def _confusion(one: str, other: str) -> str:
    if one != other:
        return alike(one, other)
    return (
        f"both would be the patient {one!a}: rename one, or put the fields of one person into one "
        "folder"
    )


def _spelt(folder: Path) -> str:
    return one_spelling(folder.as_posix())


def _choices(path: Path) -> tuple[str, str, str]:
    return one_spelling(path.stem), _joined(path.with_suffix("")), _joined(path)


def _joined(path: Path) -> str:
    return one_spelling("_".join(path.parts))
