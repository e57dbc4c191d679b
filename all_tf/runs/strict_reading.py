"""Reads JSON and CSV files of a run strictly: a fault names the file, the line and the field."""

import csv
import io
import json
import re
import stat
from collections.abc import Collection, Mapping
from pathlib import Path

from all_tf.runs.errors import RunError
from all_tf.runs.expectations import NAME, TEXT, Expected, first_fault, shortened
from tfrecords.store.strict_json import parse_json
from tfrecords.store.text_cells import text_of_cell

_MOST_BYTES = 256 * 2**20  # Of a table: some million cells.
_WHOLE = re.compile(r"-?\d{1,15}")
_NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d{1,3})?")


def damage_error(path: Path, line: int | None, field: str | None, why: str) -> RunError:
    """The error that says where a file is damaged."""
    places = [f"line {line}"] if line else []
    places += [f"field {field}"] if field else []
    where = f" ({', '.join(places)})" if places else ""
    return RunError(f"{path} is damaged or from another version{where}: {why}")


def read_text(path: Path) -> str:
    """The text of a regular file, not read through a link.

    Raises:
        RunError: It is a link, a folder or a device, too large, no UTF-8, or holds a NUL.
        FileNotFoundError: It is not there.
    """
    if path.is_symlink():
        raise RunError(f"{path} is a symbolic link. Expected a file of the run itself.")
    if not path.exists():
        raise FileNotFoundError(f"No such file: {path}")
    if not stat.S_ISREG(path.stat().st_mode):  # A FIFO never ends.
        raise RunError(f"{path} is no regular file. Expected a file of the run itself.")
    if (size := path.stat().st_size) > _MOST_BYTES:
        raise damage_error(path, None, None, f"{size:,} bytes, more than {_MOST_BYTES:,}.")
    data = path.read_bytes()
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise damage_error(path, line, None, "bytes that are no UTF-8.") from error
    if "\0" in text:
        raise damage_error(path, text[: text.index("\0")].count("\n") + 1, None, "a NUL byte.")
    return text


def read_object(
    path: Path, fields: Mapping[str, Expected] | None = None, *, needed: Collection[str] = ()
) -> dict:
    """Read a JSON object: finite numbers, each name once, every field as expected.

    Args:
        path: The file.
        fields: What each field may be; None for any.
        needed: The fields that must be there.

    Raises:
        RunError: The file is damaged; the message names the line and the field.
        FileNotFoundError: It is not there.
    """
    text = read_text(path)
    try:
        content = parse_json(text)
    except json.JSONDecodeError as error:
        raise damage_error(path, error.lineno, None, f"{error.msg}.") from error
    except ValueError as error:
        raise damage_error(path, None, None, f"{error}.") from error
    if not isinstance(content, dict):
        raise damage_error(path, None, None, f"Expected an object. Received: {shortened(content)}")
    if fields is not None and (fault := first_fault(content, fields, needed=needed)):
        raise damage_error(path, _line_of(text, fault[0]), fault[0], fault[1])
    return content


def _line_of(text: str, field: str) -> int | None:
    place = text.find(f"{json.dumps(field)}:")
    return None if place < 0 else text[:place].count("\n") + 1


def read_rows(path: Path) -> list[dict[str, str]]:
    """Read a CSV file whose lines all have the fields of its header, at least one line.

    Raises:
        RunError: The file is damaged; the message names the line.
        FileNotFoundError: It is not there.
    """
    text = read_text(path)
    if not text.endswith("\n"):
        raise damage_error(path, text.count("\n") + 1, None, "the last line is cut.")
    try:
        header, *lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    except (csv.Error, ValueError) as error:
        raise damage_error(path, None, None, f"{error}.") from error
    if len(header) != len(set(header)):
        raise damage_error(path, 1, None, "a column twice.")
    if text.count("\n") != len(lines) + 1:
        raise damage_error(path, None, None, "a field goes on over the end of a line.")
    if not lines:
        raise damage_error(path, 2, None, "Expected a line below the header. Received: none")
    for number, line in enumerate(lines, 2):
        if len(line) != len(header):
            raise damage_error(path, number, None, f"{len(line)} fields, expected {len(header)}.")
    return [dict(zip(header, line, strict=True)) for line in lines]


def read_run_table(path: Path, columns: Mapping[str, Expected], *, needed: Collection[str]) -> list:
    """Read a CSV file with a value in every field that is as its column expects.

    Args:
        path: The file.
        columns: What each column may hold; an empty field is None. A field is a whole number, a
            number or text, whichever it is written as first.
        needed: The columns that must be there.

    Returns:
        The lines, as values by column.

    Raises:
        RunError: The file is damaged; the message names line and field.
        FileNotFoundError: It is not there.
    """
    rows = []
    for line, cells in enumerate(read_rows(path), 2):
        row = {
            key: text_of_cell(text) if columns.get(key) in (TEXT, NAME) else _value(text)
            for key, text in cells.items()
        }
        if fault := first_fault(row, columns, needed=needed):
            where = line if fault[0] in columns and fault[0] in row else 1
            raise damage_error(path, where, fault[0], fault[1])
        rows.append(row)
    return rows


def _value(text: str) -> object:
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text or None
