"""Reads the examples of a split from its shards, which are verified, without decoding images."""

import hashlib
import mmap
import os
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import tensorflow as tf
from google.protobuf.message import DecodeError

from tfrecords.codec.bmp import BitmapError
from tfrecords.codec.png import check_record
from tfrecords.codec.png_check import PNG_SIGNATURE
from tfrecords.codec.regular_file import open_regular
from tfrecords.progress import Progress, untold
from tfrecords.schema import TEXTS
from tfrecords.store.manifest import RecordsError, verify_split

_LENGTH = struct.Struct("<Q")
_CHECKSUM_BYTES = 4


def load_examples(
    directory: Path, split: str, *, trusted: bool = False, progress: Progress = untold
) -> Iterator[dict[str, str | int | memoryview]]:
    """Read the examples of one split without decoding their images, in the order of the shards.

    The bytes that are checked are those that are used: each shard is read once, into memory, and
    nobody who changes its file later changes the examples. The checksums, the kind and the size of
    each PNG are checked, too.

    Args:
        directory: A records directory.
        split: "train", "validation" or "test".
        trusted: Whether to check only the lengths of the shards, and not their SHA-256. TFRecord's
            own checksums are never checked.
        progress: Wraps the shards as they are checked and read.

    Yields:
        A dict of `image` (a PNG), `label` (1 = ALL, 0 = HEM, -1 = unpublished), `patient`, `group`,
        `name` and `duplicate_of`.

    Raises:
        RecordsError: The split is missing or damaged.
    """
    shards = verify_split(directory, split, trusted=True)["shards"]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        loaded = pool.map(partial(_load, directory, trusted=trusted), shards)
        both = zip(shards, loaded, strict=True)
        for shard, memory in progress(both, f"checking {split}", len(shards), unit="shard"):
            try:
                yield from _examples(memory)
            except (ValueError, IndexError, struct.error, DecodeError) as error:
                path = directory / shard["file"]
                raise RecordsError(
                    f"{path} is damaged: {error}. Pack the records again."
                ) from error


def _load(directory: Path, shard: dict, *, trusted: bool) -> mmap.mmap:
    """Read one shard into memory that is no file's, and check it."""
    memory = mmap.mmap(-1, shard["num_bytes"])
    with open_regular(directory / shard["file"]) as file:
        complete = file.readinto(memory) == shard["num_bytes"] and not file.read(1)
    if complete and (trusted or hashlib.sha256(memory).hexdigest() == shard["sha256"]):
        return memory
    what = "changed, its SHA-256 is not the one that was written" if complete else "cut short"
    raise RecordsError(
        f"The records in {directory} are damaged. Pack them again:\n  {shard['file']}: {what}"
    )


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
