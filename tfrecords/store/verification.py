"""Checks that a whole records directory is unchanged since it was written."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tfrecords.class_names import class_names_of
from tfrecords.progress import Progress, untold
from tfrecords.records_name import CNMC_NAME
from tfrecords.store.folds import FoldsError, read_folds
from tfrecords.store.identity import read_identity
from tfrecords.store.index import INDEX_FILE, IndexRow, read_index
from tfrecords.store.leakage import (
    LEAKAGE_FILE,
    LeakageError,
    Member,
    check_proof,
    prove,
    read_proof,
)
from tfrecords.store.manifest import MANIFEST_FILE, RecordsError, read_manifest, verify_split


def verify_records(directory: Path, *, progress: Progress = untold) -> str:
    """Check shards, index, folds, proof and counts against their digests and each other.

    Args:
        directory: A records directory.
        progress: Wraps the shards of each split as they are checked.

    Returns:
        One line that says how many images, shards and bytes are unchanged.

    Raises:
        RecordsError: A file is missing or changed, or two files contradict each other; the message
            lists every fault that was found.
    """
    manifest = read_manifest(directory)
    splits, faults = manifest["splits"], []
    for split in splits:
        try:
            verify_split(directory, split, progress=progress)
        except RecordsError as error:
            faults.append(str(error))
    try:
        rows, fold_of_name = read_index(directory), read_folds(directory)
        if read_identity(directory).name == CNMC_NAME and manifest.get("layout") == "folders":
            faults.append(f"{directory / MANIFEST_FILE}: records of folders cannot be {CNMC_NAME}")
        faults += (
            f"{directory / MANIFEST_FILE}: {each}" for each in _contradictions(manifest, rows)
        )
        members = [
            Member(row.split, fold_of_name.get(row.name, -1), row.patient, row.group)
            for row in rows
        ]
        check_proof(directory, members)
        proof = read_proof(directory)
        if prove(members, folds=proof["folds"]) != proof:
            faults.append(f"{directory / LEAKAGE_FILE} is not the proof of these images and folds")
    except (RecordsError, FoldsError, LeakageError) as error:
        faults.append(str(error))
    if faults:
        raise RecordsError("\n".join(faults))
    for shard in (shard for entry in splits.values() for shard in entry["shards"]):
        if (found := _count_records(directory / shard["file"])) != shard["num_images"]:
            faults.append(
                f"{shard['file']}: {found} images, the manifest has {shard['num_images']}"
            )
    if faults:
        raise RecordsError("\n".join(faults))
    shards = [shard for entry in splits.values() for shard in entry["shards"]]
    num_images = sum(entry["num_images"] for entry in splits.values())
    return (
        f"{directory} is as it was written: {num_images:,} images in {len(shards)} shards, "
        f"{sum(shard['num_bytes'] for shard in shards) / 1e6:,.0f} MB"
    )


def _contradictions(manifest: Mapping, rows: Sequence[IndexRow]) -> Iterator[str]:
    """What the manifest says of images that the index, which it has the digest of, does not."""
    counts, classes = Counter((row.split, row.label) for row in rows), class_names_of(manifest)
    named = {row.split for row in rows} | manifest["splits"].keys()
    for split in sorted(named):
        entry = manifest["splits"].get(split, {})
        of_class = {name: counts[split, label] for label, name in enumerate(classes.stored)}
        total = sum(number for (where, _), number in counts.items() if where == split)
        in_shards = sum(shard["num_images"] for shard in entry.get("shards", ()))
        for what, held, derived in (
            ("num_images", entry.get("num_images"), total),
            ("num_images_of_class", entry.get("num_images_of_class"), of_class),
            ("num_images of the shards", in_shards, total),
        ):
            if held != derived:
                yield f"{what} of {split} is {held}, {INDEX_FILE} has {derived}"
    # An image without a patient is a patient named after its path.
    lone = any(row.patient and row.name == f"{row.split}/{row.patient}" for row in rows)
    if manifest["patient_per_image"] is not lone:
        said = manifest["patient_per_image"]
        yield f"patient_per_image is {said}, by {INDEX_FILE} it is {lone}"


def _count_records(shard: Path) -> int:
    """The number of records of a TFRecord file: each is its length, data and two checksums."""
    count, place, end = 0, 0, shard.stat().st_size
    with shard.open("rb") as file:
        while place < end:
            file.seek(place)
            place += int.from_bytes(file.read(8), "little") + 16
            count += 1
    return count
