"""Speed of the converter, compared with the bare codec and with TFDS' own builder."""

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
from tensorflow_datasets.core import GeneratorBasedBuilder

from all_tf.system.progress import track
from tfrecords.codec.encoding import encode_bitmap, encode_images
from tfrecords.packing.encode_cache import CHUNK_IMAGES, thread_pool
from tfrecords.packing.writer import Settings, write_records
from tfrecords.schema import features
from tfrecords.sources.cnmc import SourceImage

_CODEC_IMAGES = 200  # For the codec on one core, measured before and after the converter.
_SECONDS_BETWEEN_SAMPLES = 0.5  # Of memory; each one lists all processes of the machine.


def benchmark_convert(images: Sequence[SourceImage]) -> dict[str, float]:
    """Convert the same images in three ways, one after another; imports are not timed.

    Args:
        images: Images of a source.

    Returns:
        `images_per_second` of the converter with all digests, without the search for
        near-duplicates; `ratio_to_codec`, that rate divided by the rate of the codec (read, decode,
        encode) on one core and by the number of cores; `ratio_to_codec_on_all_cores`, divided by
        the rate of the codec on all cores at once, which is lower on a shared machine;
        `ceiling_of_ratio_to_codec`, the value of `ratio_to_codec` if the converter added only the
        digests of files and PNGs, measured on all cores at once; `ratio_to_ceiling`, divided by the
        rate of such a converter; `ratio_to_tfds`, divided by the rate of a `GeneratorBasedBuilder`
        with the same encoder; `ceiling_of_ratio_to_tfds`, the rate of such a converter divided by
        that of the builder; `peak_rss_mb` of this process and its children while converting;
        `near_duplicate_seconds`, the additional time of the hashes and of the search
        for near-duplicates; `num_images` and `cores`.
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
        "ratio_to_ceiling": round(len(images) / plain / digested, 3),
        "ratio_to_tfds": round(by_tfds / plain, 2),
        "ceiling_of_ratio_to_tfds": round(digested * by_tfds / len(images), 2),
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
    """Return the images a second of one core that only reads, decodes and encodes."""
    some = images[:: max(1, len(images) // _CODEC_IMAGES)]
    began = time.perf_counter()
    for image in some:
        encode_bitmap(image.path)
    return len(some) / (time.perf_counter() - began)


def _rate_on_all_cores(
    images: Sequence[SourceImage], encode: Callable[[Sequence[Path]], object]
) -> float:
    """Return the images a second of all cores on chunks of images; start-up is not timed."""
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
    """Encode and digest images as the converter's threads do, without writing to a disk."""
    encode_images(paths, Path(os.devnull))


@contextmanager
def _peak_memory() -> Iterator[Callable[[], int]]:
    """Sample the memory of this process and its children; yield a function that gives the peak."""
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


class _Cnmc(  # type: ignore[call-arg]  # TFDS does not declare the keyword to type checkers.
    GeneratorBasedBuilder, skip_registration=True
):
    """A TFDS builder of the same examples."""

    VERSION = tfds.core.Version("1.0.0")
    code_path = None  # TFDS would look for checksums with a package that is not installed.

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
