"""Checks that a whole records directory is unchanged since it was written."""

from pathlib import Path

from tfrecords.progress import Progress, untold
from tfrecords.store.folds import FoldsError, read_folds
from tfrecords.store.index import read_index
from tfrecords.store.leakage import LeakageError, Member, check_proof
from tfrecords.store.manifest import RecordsError, read_manifest, verify_split


def verify_records(directory: Path, *, progress: Progress = untold) -> str:
    """Check every shard, the index, the folds and the proof against their digests and each other.

    Args:
        directory: A records directory.
        progress: Wraps the shards of each split as they are checked.

    Returns:
        One line that says how many images, shards and bytes are unchanged.

    Raises:
        RecordsError: A file is missing or changed, or two files contradict each other; the message
            lists every fault that was found.
    """
    splits, faults = read_manifest(directory)["splits"], []
    for split in splits:
        try:
            verify_split(directory, split, progress=progress)
        except RecordsError as error:
            faults.append(str(error))
    try:
        fold_of_name = read_folds(directory)
        check_proof(
            directory,
            [
                Member(row.split, fold_of_name.get(row.name, -1), row.patient, row.group)
                for row in read_index(directory)
            ],
        )
    except (RecordsError, FoldsError, LeakageError) as error:
        faults.append(str(error))
    if faults:
        raise RecordsError("\n".join(faults))
    shards = [shard for entry in splits.values() for shard in entry["shards"]]
    num_images = sum(entry["num_images"] for entry in splits.values())
    return (
        f"{directory} is as it was written: {num_images:,} images in {len(shards)} shards, "
        f"{sum(shard['num_bytes'] for shard in shards) / 1e6:,.0f} MB"
    )
