"""Folders, file names and label tables of C-NMC, in each layout in which it is distributed.

    Kaggle     training_data/fold_N/{all,hem}/UID_*.bmp,
               validation_data/C-NMC_test_prelim_phase_data/N.bmp, ..._labels.csv beside it,
               testing_data/C-NMC_test_final_phase_data/N.bmp
    TCIA       C-NMC_training_data/fold_N/..., C-NMC_test_{prelim,final}_phase_data/N.bmp
    challenge  fold_N/..., phase2/N.bmp, phase2.csv, phase3/N.bmp

Only the folder next to the images counts, so one rule reads all layouts. Case is ignored.
"""

import csv
import os
import re
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from tfrecords.schema import CLASSES

CELL_NAME = re.compile(r"UID_([Hh]?[0-9]+)_[0-9]+_[0-9]+_(all|hem)(?i:\.bmp)")  # Patient, class.
PHASE_NAME = re.compile(r"[1-9][0-9]*\.bmp", re.IGNORECASE)
_FOLD = re.compile(r"fold_([0-9])")
_PHASES = {
    "validation": re.compile(r"(?!.*label).*prelim_phase.*|phase2"),
    "test": re.compile(r"(?!.*label).*final_phase.*|phase3"),
}
_LABEL_COLUMNS = ["Patient_ID", "new_names", "labels"]
_MAX_HEADER = 1000  # Characters: other tables below the root may have very long lines.


class Tree(NamedTuple):
    """The folders and files below a folder, in a fixed order, outer folders first."""

    folders: list[Path]
    files: list[Path]
    problems: list[str]  # One line for each folder that cannot be read.


class Place(NamedTuple):
    """What the folders of an image say about it."""

    phase: str  # "train", "validation" or "test".
    fold: int = -1  # The published fold; -1 outside the training phase.
    class_name: str = ""  # "all" or "hem"; empty outside the training phase.


def walk(root: Path) -> Tree:
    """List everything below a folder except dotfiles and `__MACOSX`, which systems leave behind.

    Links to folders are followed, unless a link leads to a folder that contains it.
    """
    tree = Tree([], [], [])

    def report(error: OSError) -> None:
        tree.problems.append(f"{error.filename}: cannot be read: {error.strerror}")

    for folder, children, files in os.walk(root, onerror=report, followlinks=True):
        children[:] = sorted(child for child in children if _is_data(Path(folder, child)))
        tree.folders.extend(Path(folder, child) for child in children)
        tree.files.extend(Path(folder, file) for file in sorted(files) if file[0] != ".")
    return tree


def _is_data(folder: Path) -> bool:
    if folder.name.startswith(".") or folder.name.upper() == "__MACOSX":
        return False
    return not (folder.is_symlink() and folder.parent.resolve().is_relative_to(folder.resolve()))


def place_of(path: Path, root: Path) -> Place | None:
    """Find the place of an image in C-NMC by its folders; None if no folder says it.

    The innermost folder that says it decides. The root's own name counts, but no folder above it:
    a home directory called `phase2` means nothing.
    """
    names = [root.absolute().name, *path.relative_to(root).parts[:-1]]
    # Unpacking may put a folder into another of the same name; the two count as one.
    names = ["", *(name for name, _ in groupby(name.lower() for name in names))]
    if names[-1] in CLASSES and (fold := _FOLD.fullmatch(names[-2])):
        return Place("train", int(fold[1]), names[-1])
    return next(filter(None, map(_place_of_phase, reversed(names))), None)


def _place_of_phase(folder: str) -> Place | None:
    matches = (Place(phase) for phase, pattern in _PHASES.items() if pattern.fullmatch(folder))
    return next(matches, None)


def empty_folders(tree: Tree, images: list[Path]) -> list[str]:
    """List the folders of C-NMC with no image below them; unpacking was probably interrupted."""
    filled = {parent for path in images for parent in path.parents}
    return [
        f"{folder}: the folder holds no image"
        for folder in tree.folders
        if folder not in filled and _holds_images(folder)
    ]


def _holds_images(folder: Path) -> bool:
    outer, name = folder.parent.name.lower(), folder.name.lower()
    in_fold = name in CLASSES and _FOLD.fullmatch(outer)
    return bool(in_fold or _FOLD.fullmatch(name) or _place_of_phase(name))


def label_tables(tree: Tree, root: Path) -> list[Path]:
    """Find the tables of labels; also beside the root, if the root is the phase's own folder."""
    beside = []
    if _place_of_phase(root.absolute().name.lower()) == Place("validation"):
        beside = sorted(path for path in root.absolute().parent.iterdir() if path.name[0] != ".")
    return [
        path
        for path in [*tree.files, *beside]
        if path.suffix.lower() == ".csv" and path.is_file() and _columns(path) == _LABEL_COLUMNS
    ]


def _columns(table: Path) -> list[str]:
    with table.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        return next(csv.reader([file.readline(_MAX_HEADER)]), [])


def read_labels(tables: list[Path]) -> tuple[dict[str, tuple[str, int]] | None, list[str]]:
    """Read the labels of the preliminary phase.

    Args:
        tables: The paths that `label_tables` found. Copies of one table count as one table.

    Returns:
        A dict from file name, in lower case, to patient and label (1 = ALL), or None unless there
        is exactly one table; and a list of problems with the tables or their rows.
    """
    distinct = {table.read_bytes(): table for table in reversed(tables)}
    if len(distinct) != 1:
        wanted = f"one CSV with the columns {','.join(_LABEL_COLUMNS)}"
        received = ", ".join(map(str, sorted(distinct.values()))) or "none"
        return None, [f"preliminary phase: expected {wanted}; received: {received}"]
    (table,) = distinct.values()
    labels, problems = {}, []
    with table.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        for row in csv.DictReader(file):
            original, name = row["Patient_ID"] or "", (row["new_names"] or "").lower()
            match = CELL_NAME.fullmatch(original)
            where = f"{table}: {original}, {name}, {row['labels']}"
            if not match:
                problems.append(f"{where}: expected a Patient_ID like UID_57_29_1_all.bmp")
            elif row["labels"] != str(CLASSES.index(match[2])):
                problems.append(
                    f"{where}: the name says {match[2]}, the label is {row['labels']} (1 = ALL)"
                )
            elif name in labels:
                problems.append(f"{where}: the image has two rows")
            else:
                labels[name] = match[1].upper(), CLASSES.index(match[2])
    return labels, problems
