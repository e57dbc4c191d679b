"""Encoding of all images on every core, in chunks that a later run takes over."""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from tfrecords.codec.encoding import EncodedImage, encode_images
from tfrecords.codec.png import ENCODER
from tfrecords.sources.cnmc import SourceImage

CHUNK_IMAGES = 16  # One task of one thread: about a tenth of a second.


class CachedImage(NamedTuple):
    """Where one PNG lies in the spool, and what is known of it."""

    file: Path
    offset: int
    encoded: EncodedImage

    def read(self) -> bytes:
        """The PNG."""
        with self.file.open("rb") as file:
            file.seek(self.offset)
            return file.read(self.encoded.num_bytes)


def encode_all(
    images: Sequence[SourceImage], spool: Path, *, num_workers: int | None
) -> Iterator[CachedImage]:
    """Encode images into a folder, in their order, and skip what an earlier run has finished.

    A chunk is two files, named after the paths, lengths and times of its images and the encoder:
    `.png` with the PNGs one after another, and `.json`, which comes last. A chunk with both is
    finished. Chunks of other images are removed.

    Args:
        images: Whose pixels are wanted.
        spool: A folder; made if missing.
        num_workers: Threads; None for one a core.

    Raises:
        BitmapError: A file's pixels cannot be read exactly; the message names it.
    """
    spool.mkdir(exist_ok=True)
    starts = range(0, len(images), CHUNK_IMAGES)
    chunks = [images[start : start + CHUNK_IMAGES] for start in starts]
    files = [spool / f"{_key(chunk)}.png" for chunk in chunks]
    for path in set(spool.iterdir()) - set(files) - {file.with_suffix(".json") for file in files}:
        path.unlink()
    with thread_pool(num_workers) as pool:
        try:
            for file, encoded in zip(files, pool.map(_encode_chunk, chunks, files), strict=True):
                offset = 0
                for image in encoded:
                    yield CachedImage(file, offset, image)
                    offset += image.num_bytes
        except BaseException:
            pool.shutdown(cancel_futures=True)  # One bad file is enough; the rest is not tried.
            raise


def thread_pool(num_workers: int | None) -> ThreadPoolExecutor:
    """Threads that use every core: Pillow and hashlib let go of Python's lock while they work.

    Processes need a third of a second to begin and must be ended when this one is killed.

    Args:
        num_workers: How many; None for one a core.
    """
    return ThreadPoolExecutor(num_workers or os.cpu_count())


def _key(chunk: Sequence[SourceImage]) -> str:
    facts = []
    for image in chunk:
        file = image.path.stat()
        facts += [str(image.path.absolute()), image.decoder, file.st_size, file.st_mtime_ns]
    return hashlib.sha256(json.dumps([ENCODER, *facts]).encode()).hexdigest()[:32]


def _encode_chunk(chunk: Sequence[SourceImage], file: Path) -> list[EncodedImage]:
    """What a thread does: encode one chunk, unless an earlier run has."""
    done = file.with_suffix(".json")
    if done.exists():
        return [EncodedImage(*fields) for fields in json.loads(done.read_text())]
    partial = file.with_suffix(".partial")
    encoded = encode_images(
        [image.path for image in chunk], partial, decoders=[image.decoder for image in chunk]
    )
    partial.replace(file)
    partial.write_text(json.dumps(encoded))
    partial.replace(done)
    return encoded
