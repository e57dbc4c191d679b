"""Reads the examples of a split from its verified shards."""

import mmap
import struct
from collections.abc import Collection, Iterator
from pathlib import Path

import tensorflow as tf
import tensorflow_datasets as tfds
from google.protobuf.message import DecodeError

from tfrecords.codec.png import PNG_SIGNATURE
from tfrecords.progress import Progress, untold
from tfrecords.schema import TEXTS
from tfrecords.store.folds import read_folds
from tfrecords.store.manifest import RecordsError, verify_split

_LENGTH = struct.Struct("<Q")
_CHECKSUM_BYTES = 4


def read_examples(
    directory: Path,
    split: str,
    *,
    folds: Collection[int] | None = None,
    trusted: bool = False,
    progress: Progress = untold,
) -> tf.data.Dataset:
    """The examples of one split, decoded, in the order in which they were written.

    Args:
        directory: A records directory.
        split: "train", "validation" or "test".
        folds: Only the images of these folds of the training split; None for all images.
        trusted: Check the lengths of the shards only, not their SHA-256.
        progress: Wraps the shards as they are checked.

    Returns:
        Dicts of `image` uint8 `(450, 450, 3)`, `label` int64 (1 = ALL, -1 = unpublished),
        `patient`, `group`, `name` and `duplicate_of`, strings. The cardinality is known.

    Raises:
        RecordsError: The split is missing or damaged, or the folds hold no image.
        FoldsError: `folds` is given and folds.csv is missing or changed.
    """
    num_images = verify_split(directory, split, trusted=trusted, progress=progress)["num_images"]
    # One file after another: the order is then that of the records, not of the interleaving.
    dataset = tfds.builder_from_directory(str(directory)).as_dataset(
        split=split,
        read_config=tfds.ReadConfig(interleave_cycle_length=1, try_autocache=False),
    )
    if folds is None:
        return dataset.apply(tf.data.experimental.assert_cardinality(num_images))
    fold_of_name = read_folds(directory)
    names = [name for name, fold in fold_of_name.items() if fold in folds]
    if not names:
        raise RecordsError(
            f"No image of {directory} lies in these folds. It has the folds "
            f"{sorted(set(fold_of_name.values()))}. Received: folds={sorted(folds)}"
        )
    wanted = tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(names, tf.ones(len(names), tf.int64)),
        default_value=0,
    )
    return dataset.filter(lambda example: wanted.lookup(example["name"]) == 1).apply(
        tf.data.experimental.assert_cardinality(len(names))
    )


def map_examples(
    directory: Path, split: str, *, trusted: bool = False, progress: Progress = untold
) -> Iterator[dict[str, str | int | memoryview]]:
    """Read the examples of one split without decoding them, in the order of the shards.

    Images are neither decoded nor copied: the shards are mapped to memory. All processes share that
    memory, and it stays readable when the records are replaced.

    Args:
        directory: A records directory.
        split: "train", "validation" or "test".
        trusted: Whether to check only the lengths of the shards, and not their SHA-256. TFRecord's
            own checksums are never checked.
        progress: Wraps the shards as they are checked, and again as they are read.

    Yields:
        A dict of `image` (a PNG), `label` (1 = ALL, 0 = HEM, -1 = unpublished), `patient`, `group`,
        `name` and `duplicate_of`.

    Raises:
        RecordsError: The split is missing or damaged.
    """
    shards = verify_split(directory, split, trusted=trusted, progress=progress)["shards"]
    for shard in progress(shards, f"reading {split}", len(shards), unit="shard"):
        path = directory / shard["file"]
        with path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        try:
            yield from _examples(mapped)
        except (ValueError, IndexError, struct.error, DecodeError) as error:
            raise RecordsError(f"{path} is damaged: {error}. Pack the records again.") from error


def _examples(shard: mmap.mmap) -> Iterator[dict[str, str | int | memoryview]]:
    """Parse the examples of one shard.

    The file holds for each example: its length, the length's checksum, the example, its checksum.
    """
    memory, end = memoryview(shard), 0
    while end < len(memory):
        (num_bytes,) = _LENGTH.unpack_from(memory, end)
        start = end + _LENGTH.size + _CHECKSUM_BYTES
        end = start + num_bytes + _CHECKSUM_BYTES
        example = tf.train.Example.FromString(memory[start : start + num_bytes])
        feature = example.features.feature
        image = shard.find(PNG_SIGNATURE, start, end)
        if image < 0:
            raise ValueError("an example without a PNG")
        image_bytes = len(feature["image"].bytes_list.value[0])
        yield {
            "image": memory[image : image + image_bytes],
            "label": feature["label"].int64_list.value[0],
            **{name: feature[name].bytes_list.value[0].decode() for name in TEXTS},
        }
