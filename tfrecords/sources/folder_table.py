"""Cells of another laboratory as a table lists them: path, label, patient and, if given, split."""

import os
import unicodedata
from collections.abc import Mapping
from pathlib import Path, PureWindowsPath
from typing import NamedTuple

from tfrecords.counted import counted
from tfrecords.names import legible, one_spelling
from tfrecords.schema import SPLITS
from tfrecords.store.tables import TableError, read_table
from tfrecords.store.text_cells import text_of_cell

TABLE_COLUMNS = ("path", "label", "patient")
_SPLIT_COLUMN = "split"


class FoundCell(NamedTuple):
    """One image file of another laboratory, and what its folders or its row say about it."""

    path: Path
    relative: str  # Below the folder of its split, or of the table; with "/", in NFC.
    split: str  # One of `SPLITS`.
    class_name: str  # As the source spells it.
    patient: str  # Empty where unknown.


def listed_cells(table: Path) -> tuple[list[FoundCell], list[str]]:
    """Read a table of cells.

    Args:
        table: A CSV file with the columns path (relative to the file), label and patient
            (`text_of_cell`, as `cut_cells.py` writes it), and perhaps split; other columns are
            ignored, unless they differ from one of these only in capitals or spaces.

    Returns:
        The cells, and a line for each row that cannot be one.
    """
    cells: dict[str, FoundCell] = {}
    problems = []
    try:
        rows = read_table(table, columns=TABLE_COLUMNS, optional=(_SPLIT_COLUMN,))
    except TableError as error:
        return [], [str(error)]
    # One line for all of them: cut_cells.py leaves the column empty.
    if unlabelled := [row.line for row in rows if not row.text["label"].strip()]:
        problems.append(
            f"{table}: {counted(len(unlabelled), 'row')} without a label, the first in line "
            f"{unlabelled[0]}: fill in the column label"
        )
    for row in rows:
        if row.line in unlabelled:
            continue
        try:
            cell = _listed_cell(table, row.text)
            if cell.relative in cells:
                raise ValueError(f"{cell.relative} has two rows")
            cells[cell.relative] = cell
        except ValueError as error:
            problems.append(f"{table}, line {row.line}: {error}")
    return list(cells.values()), problems


def _listed_cell(table: Path, text: Mapping[str, str]) -> FoundCell:
    path, label, patient = (text[column].strip() for column in TABLE_COLUMNS)
    split = text.get(_SPLIT_COLUMN, SPLITS[0]).strip().lower()
    relative = PureWindowsPath(path)  # Accepts "/" and "\\": a table may come from Windows.
    if not relative.parts or relative.anchor or ".." in relative.parts:
        raise ValueError(f"expected a path below the folder of the table; received: {path!r}")
    if split not in SPLITS:
        raise ValueError(f"expected one of {', '.join(SPLITS)}; received: split={legible(split)!r}")
    return FoundCell(
        _on_disk(table.parent, relative.as_posix()),
        one_spelling(relative.as_posix()),
        split,
        one_spelling(label),
        one_spelling(text_of_cell(patient)),
    )


def _on_disk(folder: Path, relative: str) -> Path:
    """Find a file under the spelling of the table, or else with its accents spelt differently."""
    spellings = [relative, *(unicodedata.normalize(form, relative) for form in ("NFC", "NFD"))]
    paths = [folder / spelling for spelling in spellings]
    return next((path for path in paths if os.path.lexists(path)), paths[0])
