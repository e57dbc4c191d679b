"""Reads the examples of a split from its verified shards, without decoding or copying images."""

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path

import tensorflow as tf
from google.protobuf.message import DecodeError

from tfrecords.codec.bmp import BitmapError
from tfrecords.codec.png import check_record
from tfrecords.codec.png_check import PNG_SIGNATURE
from tfrecords.progress import Progress, untold
from tfrecords.schema import TEXTS
from tfrecords.store.manifest import RecordsError, verify_split

_LENGTH = struct.Struct("<Q")
_CHECKSUM_BYTES = 4


def map_examples(
    directory: Path, split: str, *, trusted: bool = False, progress: Progress = untold
) -> Iterator[dict[str, str | int | memoryview]]:
    """Read the examples of one split without decoding them, in the order of the shards.

    Images are neither decoded nor copied: the shards are mapped to memory. All processes share that
    memory, and it stays readable when the records are replaced. The checksums, the kind and the
    size of each PNG are checked.

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
        texts = {name: feature[name].bytes_list.value[0].decode() for name in TEXTS}
        png = memory[image : image + image_bytes]
        try:
            check_record(png)
        except BitmapError as error:
            raise ValueError(f"the image {texts['name']}: {error}") from error
        yield {"image": png, "label": feature["label"].int64_list.value[0], **texts}
