"""Tables of numbers: aligned Markdown for people, CSV in full precision for programs."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tfrecords.names import legible
from tfrecords.store.files import write_text
from tfrecords.store.text_cells import cell_of_text


class Column(NamedTuple):
    """A column of a table."""

    title: str
    key: str
    show: Callable[..., str] = str  # Formats a value; with `str` the column is left-aligned.


def per_cent(share: float) -> str:
    """Format a share as per cent: .776 as "77.6", as the study of 2021 does."""
    return f"{100 * share:.1f}"


def whole(number: int) -> str:
    """Format a count: 12345 as "12,345"."""
    return f"{number:,}"


def decimal(number: float) -> str:
    """Format a rate with one decimal: 1234.56 as "1,234.6"."""
    return f"{number:,.1f}"


def markdown(rows: Sequence[Mapping[str, object]], columns: Sequence[Column]) -> str:
    """Format rows as a Markdown table with aligned columns, legible as plain text too.

    Args:
        rows: Values by key; a value that is None or absent is shown as "-".
        columns: The columns, from left to right.
    """
    cells = [[_cell(row.get(column.key), column.show) for column in columns] for row in rows]
    titles = [column.title for column in columns]
    widths = [max(3, *map(len, texts)) for texts in zip(titles, *cells, strict=True)]
    left = [column.show is str for column in columns]
    rules = [
        "-" * (width - 1) + ("-" if at_left else ":") for width, at_left in _pairs(widths, left)
    ]
    lines = [
        [text.ljust(width) if at_left else text.rjust(width) for text, width, at_left in places]
        for places in (zip(texts, widths, left, strict=True) for texts in (titles, rules, *cells))
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write_csv(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """Write rows of the same keys, numbers as they are; None as an empty field.

    Text is written as `cell_of_text` gives it. The file is whole or not there
    (`tfrecords.store.files.atomic_write`).
    """
    write_text(path, csv_text(rows))


def csv_text(rows: Sequence[Mapping[str, object]], *, columns: Sequence[str] = ()) -> str:
    """Return what `write_csv` writes.

    Args:
        rows: At least one, or none and the columns.
        columns: The keys of the rows, where there may be none.
    """
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, columns or list(rows[0]), lineterminator="\n")
    table.writeheader()
    table.writerows({key: cell_of_text(held) for key, held in row.items()} for row in rows)
    return text.getvalue()


def _cell(value: object, show: Callable[..., str]) -> str:
    if value is None:
        return "-"
    return legible(show(value).replace("\n", " ")).replace("|", "\\|")


def _pairs(widths: list[int], left: list[bool]) -> list[tuple[int, bool]]:
    return list(zip(widths, left, strict=True))
