"""Finds the cells of another laboratory, in folders `CLASS/PATIENT/` or by a table of paths.

They form one split, "validation": labelled images that are used to evaluate a model, and not to
choose a setting. `evaluate.py` scores a run on it.
"""

import os
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path, PureWindowsPath
from typing import NamedTuple

from tfrecords.codec.bmp import BitmapError
from tfrecords.codec.one_cell import decode_cell
from tfrecords.codec.regular_file import read_image_file
from tfrecords.names import name_fault, one_spelling
from tfrecords.schema import CLASSES
from tfrecords.sources.cnmc import (
    SourceError,
    SourceImage,
    list_problems,
    patients_in_both_classes,
)
from tfrecords.sources.tree import Tree, list_special, walk
from tfrecords.store.tables import TableError, read_table

SUFFIXES = (".bmp", ".png", ".tif", ".tiff", ".jpg", ".jpeg")
OTHER_SUFFIXES = (".gif", ".webp", ".jp2", ".jfif", ".heic")  # Refused, so that none is missed.
_COLUMNS = ("path", "label", "patient")
_LABEL_OF_TEXT = {"all": 1, "hem": 0, "1": 1, "0": 0}
_EXPECTED = (
    "all/PATIENT/IMAGE and hem/PATIENT/IMAGE, IMAGE being " + ", ".join(SUFFIXES),
    f"or a CSV file with the columns {','.join(_COLUMNS)}",
)


class _Cell(NamedTuple):
    path: Path
    relative: str  # The path below the folder, or below that of the table; with "/", in NFC.
    label: int
    patient: str  # Empty where unknown.


def find_folder_images(root: Path, *, patient_per_image: bool) -> list[SourceImage]:
    """Find every image of another laboratory, and decode each once to check that it is readable.

    Args:
        root: A folder with `all/PATIENT/IMAGE` and `hem/PATIENT/IMAGE`, in any case, or a CSV file
            with the columns path (relative to the file), label (all, hem, 1 = ALL, 0 = HEM) and
            patient.
        patient_per_image: Whether an image without a patient counts as a patient, named after the
            path of the image. Otherwise the image is refused. If a person has several such images,
            intervals over patients are too narrow.

    Returns:
        The images, sorted by path, with the patient ids of the source.

    Raises:
        FileNotFoundError: `root` does not exist.
        SourceError: There are no images, or some are misplaced, unlabelled, unreadable, without a
            patient, or of a patient with both classes; the message lists them.
    """
    if not root.exists():
        raise FileNotFoundError(f"No such folder or table: {root}")
    if not root.is_file() and not root.is_dir():
        raise SourceError(_EXPECTED, headline=f"{root} is no folder and no file. Expected")
    cells, problems = _listed_cells(root) if root.is_file() else _foldered_cells(root)
    if not cells and not problems:
        raise SourceError(_EXPECTED, headline=f"No images in {root}. Expected")
    if not patient_per_image:
        problems += [
            f"{cell.path}: no patient; expected one, or --patient-per-image"
            for cell in cells
            if not cell.patient
        ]
    problems += _unclear_names(cells)
    images = [_image(cell) for cell in sorted(cells, key=lambda cell: cell.relative)]
    problems += patients_in_both_classes(images) + _unreadable(image.path for image in images)
    if problems:
        raise list_problems(root, problems)
    return images


def _image(cell: _Cell) -> SourceImage:
    name, patient = f"validation/{cell.relative}", cell.patient or cell.relative
    lone = not cell.patient
    return SourceImage(cell.path, name, patient, cell.label, "validation", -1, "picture", lone)


def _unclear_names(cells: Sequence[_Cell]) -> list[str]:
    """List names that cannot be written or shown, or that two files or patients would share."""
    problems = []
    path_of_name: dict[str, Path] = {}
    patients = {cell.patient for cell in cells}
    for cell in cells:
        if fault := name_fault(cell.relative) or name_fault(cell.patient):
            problems.append(f"{cell.path}: {fault}")
        if (first := path_of_name.setdefault(cell.relative, cell.path)) is not cell.path:
            problems.append(f"{first}, {cell.path}: two spellings of one name; rename one")
        if not cell.patient and cell.relative in patients:
            problems.append(f"{cell.path}: no patient, and another is called like this image")
    return problems


def _foldered_cells(root: Path) -> tuple[list[_Cell], list[str]]:
    tree = walk(root)
    cells, problems = [], tree.problems + list_special(tree, SUFFIXES + OTHER_SUFFIXES)
    problems += _folders_of_both_classes(tree, root)
    for path in tree.files:
        relative, suffix = path.relative_to(root), path.suffix.lower()
        if suffix in OTHER_SUFFIXES:
            problems.append(f"{path}: expected one of {', '.join(SUFFIXES)}")
        elif suffix in SUFFIXES and relative.parts[0].lower() not in CLASSES:
            problems.append(f"{path}: expected all/PATIENT/IMAGE or hem/PATIENT/IMAGE")
        elif suffix in SUFFIXES:
            label = CLASSES.index(relative.parts[0].lower())
            patient = one_spelling(relative.parts[1]) if len(relative.parts) > 2 else ""
            cells.append(_Cell(path, one_spelling(relative.as_posix()), label, patient))
    return cells, problems


def _folders_of_both_classes(tree: Tree, root: Path) -> list[str]:
    """List the folders that links put under both classes."""
    problems = []
    for path, first in tree.repeated:
        outer = [place.relative_to(root).parts[:1] for place in (path, first)]
        if {name.lower() for names in outer for name in names} == set(CLASSES):
            problems.append(f"{path}, {first}: one folder under both classes")
    return problems


def _listed_cells(table: Path) -> tuple[list[_Cell], list[str]]:
    cells: dict[str, _Cell] = {}
    problems = []
    try:
        rows = read_table(table, columns=_COLUMNS)
    except TableError as error:
        raise list_problems(table, [str(error)]) from error
    for row in rows:
        try:
            cell = _listed_cell(table, *(row.text[column].strip() for column in _COLUMNS))
            if cell.relative in cells:
                raise ValueError(f"{cell.relative} has two rows")
            cells[cell.relative] = cell
        except ValueError as error:
            problems.append(f"{table}, line {row.line}: {error}")
    return list(cells.values()), problems


def _listed_cell(table: Path, path: str, label: str, patient: str) -> _Cell:
    relative = PureWindowsPath(path)  # Accepts "/" and "\\": a table may come from Windows.
    if not relative.parts or relative.anchor or ".." in relative.parts:
        raise ValueError(f"expected a path below the folder of the table; received: {path!r}")
    if label.lower() not in _LABEL_OF_TEXT:
        raise ValueError(f"expected one of {', '.join(_LABEL_OF_TEXT)}; received: label={label!r}")
    return _Cell(
        _on_disk(table.parent, relative.as_posix()),
        one_spelling(relative.as_posix()),
        _LABEL_OF_TEXT[label.lower()],
        one_spelling(patient),
    )


def _on_disk(folder: Path, relative: str) -> Path:
    """Find a file under the spelling of the table, or else with its accents spelt differently."""
    spellings = [relative, *(unicodedata.normalize(form, relative) for form in ("NFC", "NFD"))]
    paths = [folder / spelling for spelling in spellings]
    return next((path for path in paths if os.path.lexists(path)), paths[0])


def _unreadable(paths: Iterable[Path]) -> list[str]:
    problems = []
    for path in paths:
        try:
            if path.exists() and not path.is_file():
                raise BitmapError("not a regular file")
            decode_cell(read_image_file(path))
        except OSError as error:
            problems.append(f"{path}: cannot be read: {error.strerror}")
        except BitmapError as error:
            problems.append(f"{path}: {error}")
    return problems
