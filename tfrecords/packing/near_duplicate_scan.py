"""Scans encoded images for near-duplicates, and lists them in suspects.csv."""

import csv
from collections import defaultdict
from collections.abc import Sequence
from itertools import islice, product
from pathlib import Path

import numpy as np

from tfrecords.packing.encode_cache import CachedImage
from tfrecords.packing.near_duplicates import (
    MAX_PAIRS,
    Suspect,
    find_suspects,
)
from tfrecords.progress import Progress, untold
from tfrecords.store.files import atomic_write
from tfrecords.store.index import IndexRow
from tfrecords.store.tables import TableError, TableRow, read_table

SUSPECTS_FILE = "suspects.csv"


def scan(
    places: Sequence[CachedImage], names: Sequence[str], *, progress: Progress = untold
) -> list[Suspect]:
    """Find every two images that look the same but have different pixels.

    Args:
        places: What `encode_all` yields, with hashes.
        names: The names of the images, in the same order.
        progress: Wraps the blocks of comparisons as they are made.

    Returns:
        The pairs, sorted and bounded as by `find_suspects`.
    """
    images_of_digest = defaultdict(list)
    for number, place in enumerate(places):
        images_of_digest[place.encoded.png_sha256].append(number)
    first = [images[0] for images in images_of_digest.values()]
    suspects = find_suspects(
        np.array([places[one].hashes for one in first]),
        [names[one] for one in first],
        progress=progress,
    )
    copies = {names[images[0]]: images for images in images_of_digest.values()}
    pairs = (
        (pair.distance, *sorted(images))
        for pair in suspects
        for images in product(copies[pair.name_a], copies[pair.name_b])
    )
    nearest = sorted(islice(pairs, MAX_PAIRS))
    return [Suspect(names[a], names[b], distance) for distance, a, b in nearest]


def write_suspects(directory: Path, suspects: Sequence[Suspect], rows: Sequence[IndexRow]) -> None:
    """Write one line for each pair, with the patients and the groups of both images."""
    by_name = {row.name: row for row in rows}
    path = directory / SUSPECTS_FILE
    with atomic_write(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(
            ["name_a", "name_b", "distance", "patient_a", "patient_b", "group_a", "group_b"]
        )
        for pair in suspects:
            one, other = by_name[pair.name_a], by_name[pair.name_b]
            lines.writerow([*pair, one.patient, other.patient, one.group, other.group])


def read_suspects(directory: Path) -> list[Suspect] | None:
    """Read the pairs of a records directory; None if no scan was made.

    Raises:
        TableError: The file is damaged.
    """
    path = directory / SUSPECTS_FILE
    if not path.is_file():
        return None
    columns = (*Suspect._fields, "patient_a", "patient_b", "group_a", "group_b")
    return [
        Suspect(row.text["name_a"], row.text["name_b"], _distance(row, path))
        for row in read_table(path, columns=columns, ours=True)
    ]


def _distance(row: TableRow, path: Path) -> int:
    text = row.text["distance"]
    if not (text.isascii() and text.isdecimal() and len(text) < 4):
        raise TableError(
            f"{path}, line {row.line}: expected a distance in bits; received: {text[:40]!r}"
        )
    return int(text)
