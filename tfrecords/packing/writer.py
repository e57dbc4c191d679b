"""Writes a records directory from images, stage by stage; the manifest comes last."""

import csv
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tfrecords.packing.encode_cache import CachedImage, encode_all
from tfrecords.packing.near_duplicate_scan import scan, write_suspects
from tfrecords.packing.patient_groups import assign_folds, find_duplicates, group_patients
from tfrecords.packing.shards import write_metadata, write_split
from tfrecords.progress import Progress, untold
from tfrecords.schema import SPLITS
from tfrecords.sources.cnmc import SourceImage
from tfrecords.sources.find import CNMC
from tfrecords.store.files import atomic_write
from tfrecords.store.folds import write_folds
from tfrecords.store.index import INDEX_FILE, IndexRow, read_index, write_index
from tfrecords.store.leakage import GROUPED, OFFICIAL, Member, prove, write_proof
from tfrecords.store.manifest import describe_file, write_manifest

DUPLICATES_FILE = "duplicates.csv"
# The number of folds to make, or "official": the published folds, which leak.
FoldChoice = int | Literal["official"]


@dataclass(frozen=True)
class Packed:
    """The index of the packed images, and the fold of each image of the training split."""

    rows: list[IndexRow]
    fold_of_name: dict[str, int]
    folds: str  # How the folds were made: `leakage.GROUPED` or `leakage.OFFICIAL`.

    @property
    def members(self) -> list[Member]:
        """The images in the form that `leakage.prove` needs."""
        return [
            Member(row.split, self.fold_of_name.get(row.name, -1), row.patient, row.group)
            for row in self.rows
        ]


@dataclass(frozen=True)
class Settings:
    """How records are written; only `folds` and `seed` change the records and folds themselves."""

    folds: FoldChoice = 5
    seed: int = 0  # The seed of the order of the records and of the folds.
    num_workers: int | None = None  # The number of threads; None for one a core.
    scan: bool = True  # Whether to look for near-duplicates.
    layout: str = CNMC  # For the manifest; it also selects the description that TFDS shows.
    patient_per_image: bool = False  # For the manifest: intervals over patients are too narrow.
    skipped: tuple[str, ...] = ()  # For the manifest: files that were left out, with the reason.


def write_records(
    images: Sequence[SourceImage],
    directory: Path,
    settings: Settings = Settings(),
    *,
    progress: Progress = untold,
) -> Packed:
    """Pack images into shards that `tfds.builder_from_directory(directory)` opens.

    Duplicates are packed too, and flagged. The records of a split are in a random order that the
    seed fixes, so that no part of a split holds one class only. The same images and seed give the
    same bytes, for any number of threads.

    Args:
        images: The images, from `find_images`.
        directory: A folder that is empty or was left by an interrupted call. The function writes
            shards, TFDS' metadata, images.csv, duplicates.csv, suspects.csv, folds.csv,
            leakage.json and, last, manifest.json into it.
        settings: How the records are written.
        progress: Wraps the images as they are packed.

    Returns:
        The index and the folds; the index is in the order of `images`.

    Raises:
        BitmapError: A file's pixels cannot be read exactly.
        FoldError: The patient groups cannot be divided into that many folds.
        OSError: The disk is full or cannot be written.
    """
    spool = directory / "spool"
    for leftover in set(directory.iterdir()) - {spool}:
        leftover.unlink()  # It may be of other images or settings; only the spool can tell.
    encoded = encode_all(images, spool, num_workers=settings.num_workers)
    places = list(progress(encoded, "packing", len(images)))
    rows = _describe(images, places)
    packed = assign_packed_folds(rows, folds=settings.folds, seed=settings.seed)
    if settings.scan:
        names, num_workers = [row.name for row in rows], settings.num_workers
        suspects = scan(places, names, num_workers=num_workers, progress=progress)
        write_suspects(directory, suspects, rows)
    splits = _write_splits(directory, rows, places, settings)
    shutil.rmtree(spool)
    write_metadata(directory, splits, of_cnmc=settings.layout == CNMC)
    write_index(directory, rows)
    _write_duplicates(directory / DUPLICATES_FILE, rows)
    _write_sidecars(directory, packed)
    write_manifest(
        directory,
        {
            "seed": settings.seed,
            "layout": settings.layout,
            "patient_per_image": settings.patient_per_image,
            "skipped": settings.skipped,
            "index": describe_file(directory / INDEX_FILE),
            "splits": splits,
        },
    )
    return packed


def refold(directory: Path, *, folds: FoldChoice, seed: int = 0) -> Packed:
    """Make new folds for existing records, without changing the records.

    Args:
        directory: A records directory.
        folds: The number of folds, or "official" for the published ones.
        seed: The seed of the folds.

    Raises:
        RecordsError: There are no records, or their index was changed.
        FoldError: The patient groups cannot be divided into that many folds.
    """
    packed = assign_packed_folds(read_index(directory), folds=folds, seed=seed)
    _write_sidecars(directory, packed)
    return packed


def assign_packed_folds(rows: list[IndexRow], *, folds: FoldChoice, seed: int) -> Packed:
    """Assign a fold to every image of the training split.

    Raises:
        FoldError: The patient groups cannot be divided into that many folds.
    """
    if folds == OFFICIAL:
        official = {row.name: row.official_fold for row in rows if row.split == "train"}
        return Packed(rows, official, OFFICIAL)
    return Packed(rows, assign_folds(rows, num_folds=folds, seed=seed), GROUPED)


def _describe(images: Sequence[SourceImage], places: Sequence[CachedImage]) -> list[IndexRow]:
    digests = [place.encoded.png_sha256 for place in places]
    duplicate_of = find_duplicates(images, digests)
    group_of_name = group_patients(images, digests)
    return [
        IndexRow(
            image.name,
            image.phase,
            image.label,
            image.patient,
            group_of_name[image.name],
            duplicate_of.get(image.name, ""),
            image.fold,
            place.encoded.file_sha256,
            place.encoded.png_sha256,
        )
        for image, place in zip(images, places, strict=True)
    ]


def _write_splits(
    directory: Path, rows: Sequence[IndexRow], places: Sequence[CachedImage], settings: Settings
) -> dict:
    """Write the shards of every split that has images; return the manifest's entries by split."""
    entries = {}
    for split in SPLITS:
        images = [pair for pair in zip(rows, places, strict=True) if pair[0].split == split]
        if images:
            entries[split] = write_split(
                directory, split, images, seed=settings.seed, num_workers=settings.num_workers
            )
    return entries


def _write_sidecars(directory: Path, packed: Packed) -> None:
    """Write the folds and the proof that belongs to them."""
    group_of_name = {row.name: row.group for row in packed.rows}
    write_folds(directory, fold_of_name=packed.fold_of_name, group_of_name=group_of_name)
    write_proof(directory, prove(packed.members, folds=packed.folds))


def _write_duplicates(path: Path, rows: Sequence[IndexRow]) -> None:
    """Write one line for each duplicate, with the first image that has the same pixels."""
    first = {row.name: row for row in rows}
    with atomic_write(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(["name", "patient", "official_fold", "first", "first_patient", "first_fold"])
        for row in rows:
            if row.duplicate_of:
                same = first[row.duplicate_of]
                lines.writerow(
                    [
                        *(row.name, row.patient, row.official_fold),
                        *(same.name, same.patient, same.official_fold),
                    ]
                )
