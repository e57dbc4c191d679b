"""Finds the cells of another laboratory, in folders `CLASS/PATIENT/` or by a table of paths.

They form the split `train`, unless folders `train/`, `validation/` and `test/` above the classes,
or a column of the table, say otherwise. The classes have the laboratory's own names.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from tfrecords.codec.bmp import BitmapError
from tfrecords.codec.one_cell import decode_cell
from tfrecords.codec.regular_file import read_image_file
from tfrecords.names import alike, look_of, name_fault, one_spelling
from tfrecords.schema import SPLITS
from tfrecords.sources.cnmc import (
    SourceError,
    SourceImage,
    list_problems,
    patients_in_both_classes,
)
from tfrecords.sources.folder_table import TABLE_COLUMNS, FoundCell, listed_cells
from tfrecords.sources.own_classes import ClassError, ToldClasses, tell_classes
from tfrecords.sources.tree import Tree, list_special, walk

SUFFIXES = (".bmp", ".png", ".tif", ".tiff", ".jpg", ".jpeg")
OTHER_SUFFIXES = (".gif", ".webp", ".jp2", ".jfif", ".heic")  # Refused, so that none is missed.
_EXPECTED = (
    "CLASS/PATIENT/IMAGE for two classes, as all/PATIENT/IMAGE and hem/PATIENT/IMAGE, IMAGE being "
    + ", ".join(SUFFIXES),
    "or the same below train/, validation/ and test/",
    f"or a CSV file with the columns {','.join(TABLE_COLUMNS)} and, if you like, split",
)


def find_folder_images(
    root: Path, *, patient_per_image: bool, positive: str | None = None
) -> list[SourceImage]:
    """Find every image of another laboratory, and decode each once to check that it is readable.

    Args:
        root: A folder with `CLASS/PATIENT/IMAGE` for two classes, or with `train/`, `validation/`
            or `test/` above the classes; or a CSV file (`listed_cells`). Case is ignored.
        patient_per_image: Whether an image without a patient counts as a patient, named after the
            path of the image. Otherwise the image is refused. If a person has several such images,
            intervals over patients are too narrow.
        positive: The name of the positive class; None where its name says it (`tell_classes`).

    Returns:
        The images, sorted by split and path, with the patient ids and classes of the source.

    Raises:
        FileNotFoundError: `root` does not exist.
        SourceError: There are no images or not two classes, or some images are misplaced,
            unlabelled, unreadable, without a patient, or of a patient with both classes or in two
            splits, or two patients have names that look alike; the message lists them.
    """
    if not root.exists():
        raise FileNotFoundError(f"No such folder or table: {root}")
    if not root.is_file() and not root.is_dir():
        raise SourceError(_EXPECTED, headline=f"{root} is no folder and no file. Expected")
    cells, problems = listed_cells(root) if root.is_file() else _foldered_cells(root)
    if not cells and not problems:
        raise SourceError(_EXPECTED, headline=f"No images in {root}. Expected")
    if not cells:
        raise list_problems(root, problems)
    try:
        told = tell_classes({cell.class_name for cell in cells}, positive=positive)
    except ClassError as error:
        if problems:
            raise list_problems(root, [*problems, str(error)]) from error
        raise SourceError([], headline=f"{root}: {error}") from error
    problems += _of_no_class(cells, told)
    cells = [cell for cell in cells if cell.class_name.lower() in told.label_of]
    if not patient_per_image:
        problems += [
            f"{cell.path}: no patient; expected one, or --patient-per-image"
            for cell in cells
            if not cell.patient
        ]
    problems += _unclear_names(cells) + _patients_alike(cells) + _patients_in_two_splits(cells)
    images = [_image(cell, told) for cell in sorted(cells, key=_by_split_and_path)]
    problems += patients_in_both_classes(images) + _unreadable(image.path for image in images)
    if problems:
        raise list_problems(root, problems)
    return images


def _by_split_and_path(cell: FoundCell) -> tuple[int, str]:
    return SPLITS.index(cell.split), cell.relative


def _image(cell: FoundCell, told: ToldClasses) -> SourceImage:
    return SourceImage(
        cell.path,
        f"{cell.split}/{cell.relative}",
        cell.patient or cell.relative,
        told.label_of[cell.class_name.lower()],
        cell.split,
        -1,
        "picture",
        lone=not cell.patient,
        classes=told.names,
    )


def _of_no_class(cells: Sequence[FoundCell], told: ToldClasses) -> list[str]:
    one, other = reversed(told.names.stored)
    return [
        f"{cell.path}: expected {one}/PATIENT/IMAGE or {other}/PATIENT/IMAGE"
        for cell in cells
        if cell.class_name.lower() not in told.label_of
    ]


def _unclear_names(cells: Sequence[FoundCell]) -> list[str]:
    """List names that cannot be written or shown, or that two files or patients would share."""
    problems = []
    path_of_name: dict[tuple[str, str], Path] = {}
    patients = {cell.patient for cell in cells}
    for cell in cells:
        if fault := name_fault(cell.relative) or name_fault(cell.patient):
            problems.append(f"{cell.path}: {fault}")
        first = path_of_name.setdefault((cell.split, cell.relative), cell.path)
        if first is not cell.path:
            problems.append(f"{first}, {cell.path}: two spellings of one name; rename one")
        if not cell.patient and cell.relative in patients:
            problems.append(f"{cell.path}: no patient, and another is called like this image")
    return problems


def _patients_alike(cells: Sequence[FoundCell]) -> list[str]:
    """List the patients whose names look alike: one person under two would be in two sets."""
    first_of_look: dict[str, FoundCell] = {}
    line_of_patient: dict[str, str] = {}
    for cell in sorted((each for each in cells if each.patient), key=_by_split_and_path):
        first = first_of_look.setdefault(look_of(cell.patient), cell)
        if cell.patient != first.patient:
            line = f"{first.path}, {cell.path}: {alike(first.patient, cell.patient)}"
            line_of_patient.setdefault(cell.patient, line)
    return list(line_of_patient.values())


def _patients_in_two_splits(cells: Sequence[FoundCell]) -> list[str]:
    """List the patients of two splits: what is learnt of one would be tested on the same person."""
    splits: defaultdict[str, dict[str, Path]] = defaultdict(dict)
    for cell in sorted(cells, key=_by_split_and_path):
        splits[cell.patient or cell.relative].setdefault(cell.split, cell.path)
    return [
        f"{next(iter(paths.values()))}: patient {patient} lies in {' and '.join(paths)}"
        for patient, paths in splits.items()
        if len(paths) > 1
    ]


def _foldered_cells(root: Path) -> tuple[list[FoundCell], list[str]]:
    tree = walk(root)
    cells, problems = [], tree.problems + list_special(tree, SUFFIXES + OTHER_SUFFIXES)
    pictures = [path for path in tree.files if path.suffix.lower() in SUFFIXES]
    problems += [
        f"{path}: expected one of {', '.join(SUFFIXES)}"
        for path in tree.files
        if path.suffix.lower() in OTHER_SUFFIXES
    ]
    tops = {path.relative_to(root).parts[0].lower() for path in pictures if path.parent != root}
    depth = 2 if tops & set(SPLITS) else 1  # Of the folders above the patients.
    problems += _folders_of_two_places(tree, root, depth=depth)
    for path in pictures:
        *above, first = path.relative_to(root).parts[:depth]
        if path.parent == root or len(path.relative_to(root).parts) <= depth:
            where = "below train/, validation/ or test/" if depth == 2 else "for two classes"
            problems.append(f"{path}: expected CLASS/PATIENT/IMAGE {where}")
        elif above and above[0].lower() not in SPLITS:
            problems.append(f"{path}: expected train/, validation/ or test/ above the class")
        else:
            split = above[0].lower() if above else SPLITS[0]
            inner = path.relative_to(root).parts[len(above) :]
            patient = one_spelling(inner[1]) if len(inner) > 2 else ""
            relative = one_spelling("/".join(inner))
            cells.append(FoundCell(path, relative, split, one_spelling(first), patient))
    return cells, problems


def _folders_of_two_places(tree: Tree, root: Path, *, depth: int) -> list[str]:
    """List the folders that links put under both classes, or under two splits."""
    problems = []
    for path, first in tree.repeated:
        one, other = (
            tuple(part.lower() for part in place.relative_to(root).parts[:depth])
            for place in (path, first)
        )
        if len(one) == len(other) == depth and one != other:
            where = "both classes" if one[-1] != other[-1] else "two splits"
            problems.append(f"{path}, {first}: one folder under {where}")
    return problems


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
