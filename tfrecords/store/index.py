"""Writes and reads images.csv: one line an image, with its split, label, patient and digests."""

import csv
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from tfrecords.store.files import atomic_write
from tfrecords.store.manifest import RecordsError, describe_file, read_manifest
from tfrecords.store.tables import TableError, TableRow, read_table

INDEX_FILE = "images.csv"
_NUMBER = re.compile(r"-1|[0-9]{1,9}")


class IndexRow(NamedTuple):
    """The facts about one image of a records directory."""

    name: str  # Unique: "train/UID_57_29_1_all.bmp".
    split: str
    label: int  # 1 = ALL, 0 = HEM, -1 = unpublished.
    patient: str  # Empty where unpublished.
    group: str  # The patient group: equal for the images of one person, whatever its ids.
    duplicate_of: str  # The first image with the same pixels, or empty.
    official_fold: int  # The published fold; -1 outside the training split.
    file_sha256: str  # Of the image file.
    png_sha256: str  # Of the PNG in the record; equal for equal pixels.


def write_index(directory: Path, rows: Iterable[IndexRow]) -> None:
    """Write the index of a records directory."""
    path = directory / INDEX_FILE
    with atomic_write(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(IndexRow._fields)
        lines.writerows(rows)


def read_index(directory: Path) -> list[IndexRow]:
    """Read the index of a records directory, in the order of the source.

    Raises:
        RecordsError: The index is missing, or is not the one that the manifest describes.
    """
    path = directory / INDEX_FILE
    expected = read_manifest(directory).get("index")
    if not path.is_file() or describe_file(path) != expected:
        raise RecordsError(
            f"{path} is missing or was changed. Restore it, or pack the images again."
        )
    try:
        rows = read_table(path, columns=IndexRow._fields, key="name", ours=True)
        return [_parse(row, path) for row in rows]
    except TableError as error:
        raise RecordsError(f"{error}. Pack the images again.") from error


def _parse(row: TableRow, path: Path) -> IndexRow:
    fields: dict[str, Any] = {name: row.text[name] for name in IndexRow._fields}
    for name in ("label", "official_fold"):
        if not _NUMBER.fullmatch(fields[name]):
            raise TableError(
                f"{path}, line {row.line}: expected a number as {name}; "
                f"received: {fields[name][:40]!r}"
            )
        fields[name] = int(fields[name])
    return IndexRow(**fields)
