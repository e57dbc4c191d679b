"""Writes a records directory from images, stage by stage; the manifest comes last."""

import csv
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tfrecords.packing.contradictions import images_to_leave_out
from tfrecords.packing.encode_cache import CachedImage, encode_all
from tfrecords.packing.folding import FoldChoice, Packed, assign_packed_folds, write_sidecars
from tfrecords.packing.held_out import NOBODY, HoldOut, refuse_shared, set_aside
from tfrecords.packing.near_duplicate_scan import scan, write_suspects
from tfrecords.packing.patient_groups import (
    find_duplicates,
    group_patients,
)
from tfrecords.packing.shards import write_metadata, write_split
from tfrecords.packing.unchanged import file_states, refuse_changed
from tfrecords.progress import Progress, untold
from tfrecords.records_name import CNMC_NAME
from tfrecords.schema import SPLITS
from tfrecords.sources.cnmc import SourceImage
from tfrecords.sources.find import CNMC
from tfrecords.sources.published import compare_with_published
from tfrecords.store.files import atomic_write
from tfrecords.store.index import INDEX_FILE, IndexRow, write_index
from tfrecords.store.manifest import describe_file, write_manifest

DUPLICATES_FILE = "duplicates.csv"


@dataclass(frozen=True)
class Settings:
    """How records are written; `folds`, `seed` and `hold_out` decide where each image goes."""

    folds: FoldChoice = 5
    seed: int = 0  # The seed of the order of the records and of the folds.
    num_workers: int | None = None  # The number of threads; None for one a core.
    scan: bool = True  # Whether to look for near-duplicates.
    layout: str = CNMC  # For the manifest; it also selects the description that TFDS shows.
    patient_per_image: bool = False  # For the manifest: intervals over patients are too narrow.
    skipped: tuple[str, ...] = ()  # For the manifest: files that were left out, with the reason.
    drop_contradictions: bool = False  # Whether images under both classes are left out.
    name: str = ""  # Of the records; empty for C-NMC's where its files are found, else `folder`.
    folder: str = "records"  # Where the images are from, as a name.
    hold_out: HoldOut = NOBODY  # Of another laboratory's patients.


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
        ContradictionError: Equal pixels lie under both classes.
        FoldError: The patient groups cannot be divided into that many folds.
        HeldOutError: Too few patients can be set aside, or splits of a laboratory share some.
        SourceChangedError: A file changed while it was packed.
        OSError: The disk is full or cannot be written.
    """
    _clear(directory)
    spool, paths = directory / "spool", [image.path for image in images]
    states = file_states(paths)
    encoded = encode_all(images, spool, num_workers=settings.num_workers, hashed=settings.scan)
    places = list(progress(encoded, "packing", len(images)))
    left_out = images_to_leave_out(
        images,
        [place.encoded.png_sha256 for place in places],
        accepted=settings.drop_contradictions,
    )
    kept = [
        (image, place)
        for image, place in zip(images, places, strict=True)
        if image.name not in left_out
    ]
    rows, places = _describe(kept, settings), [place for _, place in kept]
    packed = assign_packed_folds(
        rows, folds=settings.folds, seed=settings.seed, classes=images[0].classes
    )
    packed = replace(packed, left_out=tuple(left_out.values()))
    if settings.scan:
        suspects = scan(places, [row.name for row in rows], progress=progress)
        write_suspects(directory, suspects, rows)
    splits = _write_splits(directory, packed, places, settings)
    refuse_changed(paths, states)
    shutil.rmtree(spool)
    _describe_shards(directory, packed, splits, settings)
    return packed


def _facts(settings: Settings, packed: Packed) -> dict:
    """What the manifest says of how the records were made."""
    return {
        "name": settings.name or _default_name(settings, packed.rows),
        **packed.classes.as_dict(),
        "seed": settings.seed,
        "layout": settings.layout,
        "patient_per_image": settings.patient_per_image,
        "skipped": (*settings.skipped, *packed.left_out),
    }


def _default_name(settings: Settings, rows: Sequence[IndexRow]) -> str:
    """C-NMC's name where the images are files of it and nothing else, or that of the folder."""
    if settings.layout == CNMC:
        found = compare_with_published({row.name: row.file_sha256 for row in rows})
        if found.exact and not found.changed and not found.unknown:
            return CNMC_NAME
    return settings.folder


def _clear(directory: Path) -> None:
    """Remove what an interrupted call has left, except the spool.

    It may be of other images or settings; only the spool can tell.
    """
    for leftover in directory.iterdir():
        if leftover.is_symlink() or not leftover.is_dir():
            leftover.unlink()
        elif leftover.name != "spool":
            shutil.rmtree(leftover)


def _describe(
    found: Sequence[tuple[SourceImage, CachedImage]], settings: Settings
) -> list[IndexRow]:
    """Make the rows of the index, and set patients aside where the settings ask for it."""
    images = [image for image, _ in found]
    digests = [place.encoded.png_sha256 for _, place in found]
    group_of_name = group_patients(images, digests)
    groups = [group_of_name[image.name] for image in images]
    if settings.layout != CNMC:
        images = set_aside(images, groups, settings.hold_out, seed=settings.seed)
        refuse_shared(images, digests, groups)
    duplicate_of = find_duplicates(images, digests)
    return [
        IndexRow(
            image.name,
            image.phase,
            image.label,
            image.patient,
            group,
            duplicate_of.get(image.name, ""),
            image.fold,
            place.encoded.file_sha256,
            place.encoded.png_sha256,
        )
        for image, group, (_, place) in zip(images, groups, found, strict=True)
    ]


def _write_splits(
    directory: Path, packed: Packed, places: Sequence[CachedImage], settings: Settings
) -> dict:
    """Write the shards of every split that has images; return the manifest's entries by split."""
    entries = {}
    for split in SPLITS:
        images = [pair for pair in zip(packed.rows, places, strict=True) if pair[0].split == split]
        if images:
            entries[split] = write_split(
                directory,
                split,
                images,
                classes=packed.classes,
                seed=settings.seed,
                num_workers=settings.num_workers,
            )
    return entries


def _describe_shards(directory: Path, packed: Packed, splits: dict, settings: Settings) -> None:
    """Write what lies beside the shards; the manifest comes last."""
    of_cnmc = settings.layout == CNMC
    write_metadata(directory, splits, classes=packed.classes, of_cnmc=of_cnmc)
    write_index(directory, packed.rows)
    _write_duplicates(directory / DUPLICATES_FILE, packed.rows)
    write_sidecars(directory, packed)
    facts = _facts(settings, packed)
    index = describe_file(directory / INDEX_FILE)
    write_manifest(directory, {**facts, "index": index, "splits": splits})


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
