"""Encodes all images on every core, in chunks that a later run can reuse."""

import functools
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from tfrecords.codec.encoding import EncodedImage, encode_images
from tfrecords.codec.png import ENCODER
from tfrecords.packing.near_duplicates import HASH_BYTES, perceptual_hashes
from tfrecords.sources.cnmc import SourceImage
from tfrecords.store.manifest import digest_file
from tfrecords.store.strict_json import parse_json

CHUNK_IMAGES = 16  # A thread encodes that many in about a tenth of a second.


class CachedImage(NamedTuple):
    """The place of one PNG in the spool, with its length and digests."""

    file: Path
    offset: int
    encoded: EncodedImage

    @property
    def hashes(self) -> np.ndarray:
        """Its perceptual hashes, uint64 `(8, 4)`."""
        return np.frombuffer(bytes.fromhex(self.encoded.looks), np.uint64).reshape(8, 4)

    def read(self) -> bytes:
        """Read the PNG."""
        with self.file.open("rb") as file:
            file.seek(self.offset)
            return file.read(self.encoded.num_bytes)


def encode_all(
    images: Sequence[SourceImage],
    spool: Path,
    *,
    num_workers: int | None,
    hashed: bool = True,
) -> Iterator[CachedImage]:
    """Encode images into a folder, in their order, and skip what an earlier run has finished.

    A chunk is two files: `.png` holds the PNGs one after another, and `.json`, written last, their
    lengths, digests and perceptual hashes, and the SHA-256 of these. The name of both is a hash of
    the encoder and of the paths, lengths and times of the image files. A chunk is finished if the
    image files and the PNGs also have the SHA-256 that it notes: a file may be replaced by another
    of the same length and time, and a power cut may take a PNG.
    The function deletes the chunks of other images.

    Args:
        images: The images to encode.
        spool: The folder of the chunks; created if missing.
        num_workers: The number of threads; None for one a core.
        hashed: Whether to compute the perceptual hashes too.

    Yields:
        The place of each PNG, in the order of `images`.

    Raises:
        BitmapError: A file's pixels cannot be read exactly; the message names it.
    """
    spool.mkdir(exist_ok=True)
    starts = range(0, len(images), CHUNK_IMAGES)
    chunks = [images[start : start + CHUNK_IMAGES] for start in starts]
    files = [spool / f"{_key(chunk)}.png" for chunk in chunks]
    for path in set(spool.iterdir()) - set(files) - {file.with_suffix(".json") for file in files}:
        path.unlink()
    encode = functools.partial(_encode_chunk, hashed=hashed)
    # The pool has one thread a core; with numpy's own threads as well, hashing was 4 times slower.
    with threadpool_limits(1), thread_pool(num_workers) as pool:
        try:
            for file, encoded in zip(files, pool.map(encode, chunks, files), strict=True):
                offset = 0
                for image in encoded:
                    yield CachedImage(file, offset, image)
                    offset += image.num_bytes
        except BaseException:
            pool.shutdown(cancel_futures=True)  # After one bad file the result is of no use.
            raise


def thread_pool(num_workers: int | None) -> ThreadPoolExecutor:
    """Make a pool of threads that use every core.

    Threads are enough, because Pillow and hashlib release Python's lock while they work. Processes
    would need a third of a second to start, and would have to end when this one is killed.

    Args:
        num_workers: The number of threads; None for one a core.
    """
    return ThreadPoolExecutor(num_workers or os.cpu_count())


def _key(chunk: Sequence[SourceImage]) -> str:
    facts: list[str | int] = []
    for image in chunk:
        file = image.path.stat()
        facts += [str(image.path.absolute()), image.decoder, file.st_size, file.st_mtime_ns]
    return hashlib.sha256(json.dumps([ENCODER, *facts]).encode()).hexdigest()[:32]


def _encode_chunk(chunk: Sequence[SourceImage], file: Path, *, hashed: bool) -> list[EncodedImage]:
    """Encode one chunk in a thread, unless an earlier run has encoded it."""
    done = file.with_suffix(".json")
    if finished := _read_finished(chunk, file, done, hashed=hashed):
        return finished
    done.unlink(missing_ok=True)  # Before its PNGs change.
    partial = file.with_suffix(".partial")
    encoded = encode_images(
        [image.path for image in chunk],
        partial,
        decoders=[image.decoder for image in chunk],
        look=perceptual_hashes if hashed else None,
    )
    partial.replace(file)
    partial.write_text(json.dumps({"images": encoded, "sha256": _digest(encoded)}))
    partial.replace(done)
    return encoded


def _read_finished(
    chunk: Sequence[SourceImage], file: Path, done: Path, *, hashed: bool
) -> list[EncodedImage] | None:
    """Read what an earlier run has noted of a chunk; None if it is not of these bytes."""
    if not done.exists():
        return None
    try:
        content = parse_json(done.read_bytes())
        if _digest(content["images"]) != content["sha256"]:
            return None
        encoded = [EncodedImage(*fields) for fields in content["images"]]
        if [image.file_sha256 for image in encoded] != [digest_file(i.path) for i in chunk]:
            return None
        if hashed and not all(_has_hashes(image) for image in encoded):
            return None
        with file.open("rb") as pngs:
            digests = [hashlib.sha256(pngs.read(i.num_bytes)).hexdigest() for i in encoded]
    except (OSError, ValueError, KeyError, TypeError):  # The spool is damaged, or an image is gone.
        return None
    return encoded if digests == [image.png_sha256 for image in encoded] else None


def _digest(encoded: Sequence[Sequence]) -> str:
    return hashlib.sha256(json.dumps(encoded).encode()).hexdigest()


def _has_hashes(image: EncodedImage) -> bool:
    return len(bytes.fromhex(image.looks)) == HASH_BYTES
