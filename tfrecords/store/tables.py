"""Reads CSV tables strictly: every row is whole, or the error names the file and the line."""

import csv
import os
import re
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

MAX_TABLE_BYTES = 1 << 28  # 256 MB: a million rows of images.csv.
MAX_FIELD = 32_768  # Characters; a path has at most 4,096 bytes.
MAX_LINE = 1 << 20  # Characters.
INDEX_COLUMNS = ("", "Unnamed: 0")  # The first column of a table that pandas wrote with its index.

# A closed quoted field, or a field without a quote. `csv` also takes a quote inside a field.
_FIELD = r'(?:"[^"]*(?:""[^"]*)*"|[^",]*)'
_QUOTED_LINE = re.compile(f"{_FIELD}(?:,{_FIELD})*")


class TableError(ValueError):
    """A table is not what was expected; the message names the file and, if it can, the line."""


class TableRow(NamedTuple):
    """A row: the number of its line in the file, from 1, and its text by column."""

    line: int
    text: dict[str, str]


def read_table(
    path: Path,
    *,
    columns: Sequence[str],
    optional: Sequence[str] = (),
    key: str | None = None,
    ours: bool = False,
) -> list[TableRow]:
    """Read a whole CSV file.

    UTF-8 with or without a byte order mark, commas, lines that end in LF or CRLF. Every line is one
    row and has as many fields as the header; no field holds a line break.

    Args:
        path: The file; a regular one.
        columns: Columns that the table must have, in any order; it may have more.
        optional: Columns that are read, too, where the table has them.
        key: A column in which no two rows may agree.
        ours: Whether this program has written the table: it has these columns alone, in this
            order, and the last line ends too, so that a cut within the last field is noticed.

    Raises:
        TableError: The table is damaged, too large or of other columns, or one of these columns is
            spelt with spaces around it or with other capitals.
        OSError: The file cannot be read.
    """
    data = _read_bounded(path)
    return parse_table(data, path, columns=columns, optional=optional, key=key, ours=ours)


def parse_table(
    data: bytes,
    path: Path,
    *,
    columns: Sequence[str],
    optional: Sequence[str] = (),
    key: str | None = None,
    ours: bool = False,
) -> list[TableRow]:
    """Read a table from the bytes of its file, as `read_table` does; `path` is for messages."""
    lines = _lines(data, path)
    if ours and not data.endswith(b"\n"):
        raise TableError(f"{path}, line {len(lines)}: the line is cut: it does not end")
    while lines and not lines[-1]:
        lines.pop()
    if not lines:
        raise TableError(f"{path}: expected the columns {','.join(columns)}; received: none")
    header = _fields(lines[0], f"{path}, line 1")
    _check_header(header, path, columns, exactly=ours)
    _check_spelling(header, path, (*columns, *optional))
    rows, line_of_key = [], dict[str, int]()
    for number, line in enumerate(lines[1:], start=2):
        where = f"{path}, line {number}"
        fields = _fields(line, where)
        if len(fields) != len(header):
            raise TableError(
                f"{where}: expected {len(header)} fields, as in the header; received: {len(fields)}"
            )
        row = TableRow(number, dict(zip(header, fields, strict=True)))
        if key and (first := line_of_key.setdefault(row.text[key], number)) != number:
            raise TableError(f"{where}: the same {key} as in line {first}: {row.text[key]!a}")
        rows.append(row)
    return rows


def read_header(path: Path, *, max_characters: int) -> list[str]:
    """Read the names in the first line of a table; empty if they cannot be read.

    Args:
        path: A regular file.
        max_characters: The number of characters to read: a file may be one very long line.
    """
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        line = file.readline(max_characters).rstrip("\r\n")
    try:
        return _fields(line, str(path))
    except TableError:
        return []


def _read_bounded(path: Path) -> bytes:
    if path.is_dir():  # `os.fdopen` would name the number of the open file, and not its path.
        raise TableError(f"{path} is a folder. Expected a CSV file")
    # Without O_NONBLOCK, opening a FIFO would wait for its writer.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise TableError(f"{path} is not a regular file. Expected a CSV file")
        data = file.read(MAX_TABLE_BYTES + 1)
    if len(data) > MAX_TABLE_BYTES:
        raise TableError(f"{path} is larger than {MAX_TABLE_BYTES:,} bytes. Expected a CSV file")
    return data


def _lines(data: bytes, path: Path) -> list[str]:
    """Decode the lines without their ends; only LF ends one, other separators are text."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = data[: error.start].count(b"\n") + 1
        raise TableError(
            f"{path}, line {number}: the text is not UTF-8. Save the table as CSV in UTF-8"
        ) from error
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()  # What follows the last line end.
    for index, line in enumerate(lines):
        lines[index] = line = line.removesuffix("\r")
        if "\0" in line or "\r" in line:
            what = "a NUL byte" if "\0" in line else "a carriage return inside the line"
            raise TableError(f"{path}, line {index + 1}: {what}. Save the table as CSV in UTF-8")
    return lines


def _fields(line: str, where: str) -> list[str]:
    if len(line) > MAX_LINE:
        raise TableError(f"{where}: the line has more than {MAX_LINE:,} characters")
    if '"' in line and not _QUOTED_LINE.fullmatch(line):
        raise TableError(
            f"{where}: a quote is not closed, or stands inside a field. A field with a quote is "
            'written "as ""this"""; a field holds no line break'
        )
    try:
        fields = next(csv.reader([line], strict=True), [])
    except csv.Error as error:
        raise TableError(f"{where}: {error}") from error
    if any(len(field) > MAX_FIELD for field in fields):
        raise TableError(f"{where}: a field has more than {MAX_FIELD:,} characters")
    return fields


def _check_header(
    header: Sequence[str], path: Path, columns: Sequence[str], *, exactly: bool
) -> None:
    received = ",".join(map(_unbroken, header)) or "none"
    missing = [column for column in columns if column not in header]
    if missing or (exactly and header != list(columns)):
        raise TableError(
            f"{path}, line 1: expected the columns {','.join(columns)}; received: {received}; "
            "commas separate them"
        )
    if len(set(header)) < len(header):
        raise TableError(f"{path}, line 1: two columns have one name; received: {received}")


def _check_spelling(header: Sequence[str], path: Path, known: Sequence[str]) -> None:
    """Refuse ` Split` for `split`: as an unknown column it would be ignored without a word."""
    column_of = {column.lower(): column for column in known}
    for name in header:
        column = column_of.get(name.strip().lower(), name)
        if name != column:
            raise TableError(
                f"{path}, line 1: expected the column {column!r} in this spelling; received: "
                f"{name!a}. Rename it, or remove the column"
            )


def _unbroken(name: str) -> str:
    return name if name.isprintable() else ascii(name)
