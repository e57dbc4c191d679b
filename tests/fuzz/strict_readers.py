"""Strict readings of tables and JSON, apart from the program's own, to compare its values with."""

import csv
import io
import json
from pathlib import Path


def strict_rows(path: Path) -> list[dict[str, str]] | None:
    """The rows of a CSV file; None if it is not UTF-8, a quote is wrong or a row has another width.

    A byte order mark and empty lines count for nothing.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except (UnicodeDecodeError, csv.Error):
        return None
    if not rows or "\0" in text or len(set(rows[0])) < len(rows[0]):
        return None
    if any(len(row) != len(rows[0]) for row in rows):
        return None
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def strict_json(path: Path) -> dict | None:
    """The object in a JSON file; None if a key is twice or a number is not finite."""
    try:
        content = json.loads(
            path.read_bytes().decode("utf-8"),
            object_pairs_hook=_pairs,
            parse_constant=_refuse,
            parse_float=_finite,
        )
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def _pairs(pairs: list[tuple[str, object]]) -> dict:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a key is twice")
    return dict(pairs)


def _refuse(word: str) -> float:
    raise ValueError(f"not a number: {word}")


def _finite(text: str) -> float:
    if abs(number := float(text)) == float("inf"):
        raise ValueError(f"too large: {text}")
    return number
