"""Writing of records: PNG in several processes, then shards in TFDS' format, manifest last."""

import csv
import multiprocessing
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tfrecords.encoding import EncodedImage, encode_images
from tfrecords.folds import write_folds
from tfrecords.groups import assign_folds, find_duplicates, group_patients
from tfrecords.manifest import describe_file, write_manifest
from tfrecords.schema import CLASSES, DATASET, SPLITS, features
from tfrecords.sources import SourceImage

INDEX_FILE = "images.csv"
_INDEX_COLUMNS = (
    "name",
    "split",
    "label",
    "patient",
    "group",
    "duplicate_of",
    "file_sha256",
    "pixel_sha256",
)
_SHARD_IMAGES = 1024  # About 45 MB of PNG.
_CHUNK_IMAGES = 32  # One task of one process: about a third of a second.
_CITATION = """@misc{gupta2019all,
  author = {Gupta, Anubha and Gupta, Ritu},
  title = {{ALL Challenge dataset of ISBI 2019 (C-NMC 2019)}},
  publisher = {The Cancer Imaging Archive}, year = {2019}, doi = {10.7937/tcia.2019.dc64i46r}}"""

Progress = Callable[[Iterable, str, int], Iterable]  # (items, description, total) -> the items.


@dataclass(frozen=True)
class Packed:
    """What is known of one image once its pixels have been seen."""

    source: SourceImage
    encoded: EncodedImage
    group: str
    duplicate_of: str
    fold: int  # -1 outside the training phase.


def write_records(
    images: Sequence[SourceImage],
    directory: Path,
    *,
    num_folds: int = 5,
    seed: int = 0,
    num_workers: int | None = None,
    progress: Progress = lambda items, description, total: items,
) -> list[Packed]:
    """Pack images into shards that `tfds.builder_from_directory(directory)` opens.

    Every image is packed, duplicates too, flagged. The records of a split lie in a random order
    that the seed fixes, so that no stretch of them holds one class only. The same images and seed
    give the same bytes, whatever the number of processes.

    Args:
        images: As `find_images` gives them.
        directory: An empty directory; shards, TFDS' metadata, folds.csv, images.csv and, last,
            manifest.json are written there.
        num_folds: Into how many folds the training phase is shared out.
        seed: Of the order of the records and of the folds.
        num_workers: Processes; by default one a core.
        progress: Wraps the images as they are done.

    Returns:
        One entry an image, in the order of `images`.

    Raises:
        BitmapError: A file's pixels cannot be read exactly.
        FoldError: The patients cannot be shared out into that many folds.
    """
    spool = directory / "spool"
    spool.mkdir()
    encoded = list(progress(_encode(images, spool, num_workers), "packing", len(images)))
    packed = _describe(images, encoded, num_folds=num_folds, seed=seed)
    places = _spool_places(spool, encoded)
    splits = {
        split: _write_split(directory, split, packed, places, seed=seed)
        for split in SPLITS
        if any(image.source.phase == split for image in packed)
    }
    shutil.rmtree(spool)
    _write_tfds_metadata(directory, splits)
    write_folds(
        directory,
        fold_of_name={image.source.name: image.fold for image in packed if image.fold >= 0},
        group_of_name={image.source.name: image.group for image in packed},
    )
    _write_index(directory / INDEX_FILE, packed)
    write_manifest(
        directory,
        {
            "seed": seed,
            "num_folds": num_folds,
            "index": describe_file(directory / INDEX_FILE),
            "splits": splits,
        },
    )
    return packed


def _encode(
    images: Sequence[SourceImage], spool: Path, num_workers: int | None
) -> Iterator[EncodedImage]:
    """Encode chunk by chunk in fresh processes: forked ones would inherit TensorFlow's threads."""
    paths = [image.path for image in images]
    starts = range(0, len(paths), _CHUNK_IMAGES)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(num_workers or os.cpu_count(), mp_context=context) as pool:
        try:
            for chunk in pool.map(
                encode_images,
                [paths[start : start + _CHUNK_IMAGES] for start in starts],
                [_spool_file(spool, start) for start in starts],
            ):
                yield from chunk
        except BaseException:
            pool.shutdown(cancel_futures=True)  # One bad file is enough; the rest is not tried.
            raise


def _spool_file(spool: Path, start: int) -> Path:
    return spool / f"{start:06d}.png"


def _spool_places(spool: Path, encoded: list[EncodedImage]) -> list[tuple[Path, int]]:
    """The spool file and the offset at which each image's PNG lies."""
    places, offset = [], 0
    for index, image in enumerate(encoded):
        offset = 0 if index % _CHUNK_IMAGES == 0 else offset
        places.append((_spool_file(spool, index - index % _CHUNK_IMAGES), offset))
        offset += image.num_bytes
    return places


def _describe(
    images: Sequence[SourceImage], encoded: list[EncodedImage], *, num_folds: int, seed: int
) -> list[Packed]:
    digests = [image.pixel_sha256 for image in encoded]
    duplicate_of = find_duplicates(images, digests)
    group_of_name = group_patients(images, digests)
    fold_of_name = assign_folds(images, group_of_name, num_folds=num_folds, seed=seed)
    return [
        Packed(
            image,
            code,
            group_of_name[image.name],
            duplicate_of.get(image.name, ""),
            fold_of_name.get(image.name, -1),
        )
        for image, code in zip(images, encoded, strict=True)
    ]


def _write_split(
    directory: Path,
    split: str,
    packed: list[Packed],
    places: list[tuple[Path, int]],
    *,
    seed: int,
) -> dict:
    """Write the shards of one split and describe them as the manifest does."""
    members = [index for index, image in enumerate(packed) if image.source.phase == split]
    order = np.random.default_rng([seed, SPLITS.index(split)]).permutation(members)
    labels = [packed[index].source.label for index in members]
    num_shards = -(-len(order) // _SHARD_IMAGES)
    shards = []
    for number, indices in enumerate(np.array_split(order, num_shards)):
        path = directory / f"{DATASET}-{split}.tfrecord-{number:05d}-of-{num_shards:05d}"
        _write_shard(path, [(packed[index], *places[index]) for index in indices])
        shards.append({**describe_file(path), "num_images": len(indices)})
    return {
        "num_images": len(members),
        "num_images_of_class": {name: labels.count(i) for i, name in enumerate(CLASSES)},
        "shards": shards,
    }


def _write_shard(path: Path, members: list[tuple[Packed, Path, int]]) -> None:
    import tensorflow as tf
    import tensorflow_datasets as tfds

    serializer = tfds.core.example_serializer.ExampleSerializer(features().get_serialized_info())
    with tf.io.TFRecordWriter(str(path)) as writer:
        for image, spool_file, offset in members:
            with spool_file.open("rb") as file:
                file.seek(offset)
                png = file.read(image.encoded.num_bytes)
            example = {
                "image": png,
                "label": image.source.label,
                "patient": image.source.patient,
                "group": image.group,
                "name": image.source.name,
                "duplicate_of": image.duplicate_of,
            }
            writer.write(serializer.serialize_example(example))


def _write_tfds_metadata(directory: Path, splits: dict) -> None:
    """features.json and dataset_info.json, which make the directory a data set of TFDS."""
    import tensorflow_datasets as tfds

    template = tfds.core.ShardedFileTemplate(
        data_dir=directory, template="{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}"
    )
    tfds.folder_dataset.write_metadata(
        data_dir=directory,
        features=features(),
        split_infos=[
            tfds.core.SplitInfo(
                name=split,
                shard_lengths=[shard["num_images"] for shard in entry["shards"]],
                num_bytes=sum(shard["num_bytes"] for shard in entry["shards"]),
                filename_template=template,
            )
            for split, entry in splits.items()
        ],
        version="1.0.0",
        check_data=False,
        description="C-NMC 2019: single white blood cells, leukaemia blasts (ALL) or normal (HEM).",
        homepage="https://doi.org/10.7937/tcia.2019.dc64i46r",
        license="CC BY 3.0",
        citation=_CITATION,
    )


def _write_index(path: Path, packed: list[Packed]) -> None:
    """One line an image: where it went and the digests of what it came from."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(_INDEX_COLUMNS)
        for image in packed:
            source, encoded = image.source, image.encoded
            rows.writerow(
                [
                    source.name,
                    source.phase,
                    source.label,
                    source.patient,
                    image.group,
                    image.duplicate_of,
                    encoded.file_sha256,
                    encoded.pixel_sha256,
                ]
            )
