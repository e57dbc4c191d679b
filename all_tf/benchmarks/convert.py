"""How fast the converter is: beside the bare codec, and beside TFDS' own builder, in one run."""

import importlib
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
import tensorflow_datasets as tfds

from all_tf.system.progress import track
from tfrecords.codec.encoding import encode_bitmap, encode_images
from tfrecords.packing.encode_cache import CHUNK_IMAGES, thread_pool
from tfrecords.packing.writer import Settings, write_records
from tfrecords.schema import features
from tfrecords.sources.cnmc import SourceImage

_CODEC_IMAGES = 200  # Read, decoded and encoded by one core, before and after the converter.
_SECONDS_BETWEEN_SAMPLES = 0.5  # Of memory; each one lists all processes of the machine.


def benchmark_convert(images: Sequence[SourceImage]) -> dict[str, float]:
    """Convert the same images in three ways, one after another, imports not counted.

    Returns:
        `images_per_second` of the converter, all digests computed, near-duplicates not looked for;
        `ratio_to_codec`, to the number of cores times what one core does that only reads, decodes
        and encodes; `ratio_to_codec_on_all_cores`, to all cores doing that at once, which on a
        shared machine is less; `ceiling_of_ratio_to_codec`, what the first of them would be if the
        digests of files and PNGs, on all cores at once, were all that came on top;
        `ratio_to_tfds`, to a `GeneratorBasedBuilder` whose generator encodes with the same
        encoder; `peak_rss_mb`, of this process and its children together while converting;
        `near_duplicate_seconds`, what looking for them adds; and `num_images`, `cores`.
    """
    importlib.import_module("sklearn.model_selection")  # The converter imports it late.
    before = _codec_rate(images)
    with _peak_memory() as peak:
        plain = _seconds(
            lambda folder: write_records(images, folder, Settings(scan=False), progress=track)
        )
    after = _codec_rate(images)
    together = _rate_on_all_cores(images, _encode)
    digested = _rate_on_all_cores(images, _encode_and_digest)
    scanned = _seconds(lambda folder: write_records(images, folder, Settings(), progress=track))
    by_tfds = _seconds(lambda folder: _build(images, folder))
    cores = os.cpu_count() or 1
    return {
        "num_images": len(images),
        "cores": cores,
        "images_per_second": round(len(images) / plain, 1),
        "codec_images_per_second_one_core": round((before + after) / 2, 1),
        "ratio_to_codec": round(len(images) / plain / (cores * (before + after) / 2), 3),
        "ratio_to_codec_on_all_cores": round(len(images) / plain / together, 3),
        "ceiling_of_ratio_to_codec": round(digested / (cores * (before + after) / 2), 3),
        "ratio_to_tfds": round(by_tfds / plain, 2),
        "peak_rss_mb": round(peak() / 1e6),
        "near_duplicate_seconds": round(scanned - plain, 1),
    }


def _seconds(work: Callable[[Path], object]) -> float:
    folder = Path(tempfile.mkdtemp())
    try:
        began = time.perf_counter()
        work(folder)
        return time.perf_counter() - began
    finally:
        shutil.rmtree(folder)


def _codec_rate(images: Sequence[SourceImage]) -> float:
    """Images a second of one core that reads, decodes and encodes, and no more."""
    some = images[:: max(1, len(images) // _CODEC_IMAGES)]
    began = time.perf_counter()
    for image in some:
        encode_bitmap(image.path)
    return len(some) / (time.perf_counter() - began)


def _rate_on_all_cores(
    images: Sequence[SourceImage], encode: Callable[[Sequence[Path]], object]
) -> float:
    """Images a second of all cores that encode chunks of images at once, start-up not counted."""
    paths = [image.path for image in images]
    chunks = [paths[start : start + CHUNK_IMAGES] for start in range(0, len(paths), CHUNK_IMAGES)]
    with thread_pool(None) as pool:
        list(pool.map(encode, chunks[: os.cpu_count()]))  # Until every thread has begun.
        began = time.perf_counter()
        list(pool.map(encode, chunks))
        return len(paths) / (time.perf_counter() - began)


def _encode(paths: Sequence[Path]) -> None:
    for path in paths:
        encode_bitmap(path)


def _encode_and_digest(paths: Sequence[Path]) -> None:
    """What the converter's threads do, but for writing to a disk."""
    encode_images(paths, Path(os.devnull))


@contextmanager
def _peak_memory() -> Iterator[Callable[[], int]]:
    """Watch the memory of this process and its children; ask afterwards for the peak in bytes."""
    samples, done = [], threading.Event()

    def watch() -> None:
        process = psutil.Process()
        while True:
            samples.append(sum(map(_resident, [process, *process.children(recursive=True)])))
            if done.wait(_SECONDS_BETWEEN_SAMPLES):
                return

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield lambda: max(samples)
    finally:
        done.set()
        thread.join()


def _resident(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except psutil.NoSuchProcess:  # It has ended since it was listed.
        return 0


# TFDS has no types, so that mypy looks for the keyword in `object`.
class _Cnmc(tfds.core.GeneratorBasedBuilder, skip_registration=True):  # type: ignore[call-arg]
    """The same examples, written as TFDS writes them."""

    VERSION = tfds.core.Version("1.0.0")
    code_path = None  # Else TFDS looks for checksums with a package that is not installed.

    def __init__(self, images: Sequence[SourceImage], **kwargs):
        self._images = images
        super().__init__(**kwargs)

    def _info(self):
        return tfds.core.DatasetInfo(builder=self, features=features())

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples()}

    def _generate_examples(self):
        for image in self._images:
            yield (
                image.name,
                {
                    "image": encode_bitmap(image.path),
                    "label": image.label,
                    "patient": image.patient,
                    "group": image.patient,
                    "name": image.name,
                    "duplicate_of": "",
                },
            )


def _build(images: Sequence[SourceImage], folder: Path) -> None:
    config = tfds.download.DownloadConfig(try_download_gcs=False)
    _Cnmc(images, data_dir=folder).download_and_prepare(download_config=config)
