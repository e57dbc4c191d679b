"""The scan for near-duplicates over encoded images, and suspects.csv, which lists them."""

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
from PIL import Image
from threadpoolctl import threadpool_limits

from tfrecords.packing.encode_cache import CachedImage, thread_pool
from tfrecords.packing.near_duplicates import (
    MAX_DISTANCE,
    Suspect,
    find_suspects,
    perceptual_hashes,
)
from tfrecords.store.index import IndexRow

SUSPECTS_FILE = "suspects.csv"


def scan(places: Sequence[CachedImage], names: Sequence[str], *, num_workers: int | None, progress):
    """Every two images that look the same without having the same pixels.

    Args:
        places: Of the PNGs in the spool.
        names: Of the images, in the same order.
        num_workers: Threads; None for one a core.
        progress: Wraps the images as they are looked at.

    Returns:
        list of `Suspect`.
    """
    hashes = list(progress(_hash_all(places, num_workers), "comparing", len(places)))
    digests = dict(zip(names, (place.encoded.png_sha256 for place in places), strict=True))
    suspects = find_suspects(np.array(hashes), names, threshold=MAX_DISTANCE)
    return [pair for pair in suspects if digests[pair.name_a] != digests[pair.name_b]]


def _hash_all(places: Sequence[CachedImage], num_workers: int | None) -> Iterator[np.ndarray]:
    chunks = [list(chunk) for _, chunk in groupby(places, key=lambda place: place.file)]
    # There is a thread a core already: numpy's own beside them made hashing 4 times slower.
    with threadpool_limits(1), thread_pool(num_workers) as pool:
        for hashes in pool.map(_hash_chunk, chunks):
            yield from hashes


def _hash_chunk(places: Sequence[CachedImage]) -> list[np.ndarray]:
    images = (Image.open(io.BytesIO(place.read())) for place in places)
    return [perceptual_hashes(np.asarray(image)) for image in images]


def write_suspects(directory: Path, suspects: Sequence[Suspect], rows: Sequence[IndexRow]) -> None:
    """Write a line for each pair, with both patients and groups."""
    by_name = {row.name: row for row in rows}
    with (directory / SUSPECTS_FILE).open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(
            ["name_a", "name_b", "distance", "patient_a", "patient_b", "group_a", "group_b"]
        )
        for pair in suspects:
            one, other = by_name[pair.name_a], by_name[pair.name_b]
            lines.writerow([*pair, one.patient, other.patient, one.group, other.group])


def read_suspects(directory: Path) -> list[Suspect] | None:
    """The pairs of a records directory; None where no scan was made."""
    path = directory / SUSPECTS_FILE
    if not path.is_file():
        return None
    with path.open(newline="", encoding="utf-8") as file:
        return [
            Suspect(row["name_a"], row["name_b"], int(row["distance"]))
            for row in csv.DictReader(file)
        ]
