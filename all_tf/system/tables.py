"""Rows of figures as a Markdown table that is aligned for the eye, and as CSV in full precision."""

import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple


class Column(NamedTuple):
    """What a table shows of each row."""

    title: str
    key: str
    show: Callable[..., str] = str  # Of a value that is there; numbers stand at the right.


def per_cent(share: float) -> str:
    """77.6 of a share of .776, as the study gives its figures."""
    return f"{100 * share:.1f}"


def whole(number: int) -> str:
    """A count, its thousands apart."""
    return f"{number:,}"


def decimal(number: float) -> str:
    """A rate, to a tenth."""
    return f"{number:,.1f}"


def markdown(rows: Sequence[Mapping[str, object]], columns: Sequence[Column]) -> str:
    """A table in Markdown, its columns aligned so that it reads as plain text too.

    Args:
        rows: Values by key; one that is None or absent is shown as "-".
        columns: From left to right.
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
    """Write rows of the same keys, numbers as they are; None as an empty field."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def _cell(value: object, show: Callable[..., str]) -> str:
    return "-" if value is None else show(value).replace("|", "\\|").replace("\n", " ")


def _pairs(widths: list[int], left: list[bool]) -> list[tuple[int, bool]]:
    return list(zip(widths, left, strict=True))
