"""Folders, file names and label tables of C-NMC, in each layout in which it is distributed.

    Kaggle     training_data/fold_N/{all,hem}/UID_*.bmp,
               validation_data/C-NMC_test_prelim_phase_data/N.bmp, ..._labels.csv beside it,
               testing_data/C-NMC_test_final_phase_data/N.bmp
    TCIA       C-NMC_training_data/fold_N/..., C-NMC_test_{prelim,final}_phase_data/N.bmp
    challenge  fold_N/..., phase2/N.bmp, phase2.csv, phase3/N.bmp

Only the folder next to the images counts, so one rule reads all layouts. Case is ignored.
"""

import re
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from tfrecords.schema import CLASSES
from tfrecords.sources.tree import Tree
from tfrecords.store.manifest import digest_file
from tfrecords.store.tables import INDEX_COLUMNS, TableError, read_header, read_table

CELL_NAME = re.compile(r"UID_([Hh]?[0-9]+)_[0-9]+_[0-9]+_(all|hem)(?i:\.bmp)")  # Patient, class.
PHASE_NAME = re.compile(r"[1-9][0-9]*\.bmp", re.IGNORECASE)
_FOLD = re.compile(r"fold_([0-9])")
_PHASES = {
    "validation": re.compile(r"(?!.*label).*prelim_phase.*|phase2"),
    "test": re.compile(r"(?!.*label).*final_phase.*|phase3"),
}
_LABEL_COLUMNS = ["Patient_ID", "new_names", "labels"]
_SHOWN = 3  # Tables listed in one message.
_MAX_HEADER = 1000  # Characters: other tables below the root may have very long lines.


class Place(NamedTuple):
    """What the folders of an image say about it."""

    phase: str  # "train", "validation" or "test".
    fold: int = -1  # The published fold; -1 outside the training phase.
    class_name: str = ""  # "all" or "hem"; empty outside the training phase.


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


def csv_files(tree: Tree, root: Path) -> list[Path]:
    """List the CSV files; also beside the root, if the root is the preliminary phase's folder."""
    beside = []
    if _place_of_phase(root.absolute().name.lower()) == Place("validation"):
        beside = sorted(path for path in root.absolute().parent.iterdir() if path.name[0] != ".")
    return [
        path for path in [*tree.files, *beside] if path.suffix.lower() == ".csv" and path.is_file()
    ]


def read_labels(tables: list[Path]) -> tuple[dict[str, tuple[str, int]] | None, list[str]]:
    """Read the labels of the preliminary phase.

    Args:
        tables: CSV files, of which one holds the labels. Copies of one table count as one table.

    Returns:
        A dict from file name, in lower case, to patient and label (1 = ALL), or None unless there
        is exactly one table of labels, which is whole; and a list of problems.
    """
    columns = {table: read_header(table, max_characters=_MAX_HEADER) for table in tables}
    ours = [table for table in tables if _holds_labels(columns[table])]
    distinct = {digest_file(table): table for table in reversed(ours)}
    if len(distinct) != 1:
        wanted = f"one CSV with the columns {','.join(_LABEL_COLUMNS)}"
        received = ", ".join(map(str, sorted(distinct.values()))) or "none"
        others = [f"{table} has {','.join(columns[table])}" for table in tables if not ours]
        found = f" ({'; '.join(others[:_SHOWN])})" if others else ""
        return None, [f"preliminary phase: expected {wanted}; received: {received}{found}"]
    (table,) = distinct.values()
    try:
        rows = read_table(table, columns=_LABEL_COLUMNS)
    except TableError as error:
        return None, [str(error)]
    labels: dict[str, tuple[str, int]] = {}
    problems = []
    for row in rows:
        original, name, label = (row.text[column] for column in _LABEL_COLUMNS)
        name, match = name.lower(), CELL_NAME.fullmatch(original)
        where = f"{table}, line {row.line}: {original}, {name}, {label}"
        if not match:
            problems.append(f"{where}: expected a Patient_ID like UID_57_29_1_all.bmp")
        elif label != str(CLASSES.index(match[2])):
            problems.append(f"{where}: the name says {match[2]}, the label is {label} (1 = ALL)")
        elif name in labels:
            problems.append(f"{where}: the image has two rows")
        else:
            labels[name] = match[1].upper(), CLASSES.index(match[2])
    return labels, problems


def _holds_labels(header: list[str]) -> bool:
    first = 1 if header and header[0] in INDEX_COLUMNS else 0
    return sorted(header[first:]) == sorted(_LABEL_COLUMNS)
