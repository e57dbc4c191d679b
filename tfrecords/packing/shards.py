"""Writes shards of examples in TFDS' format, and the metadata with which TFDS opens them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from tfrecords.class_names import ClassNames
from tfrecords.packing.encode_cache import CachedImage, thread_pool
from tfrecords.schema import DATASET, SPLITS, TEXTS, features
from tfrecords.store.index import IndexRow
from tfrecords.store.manifest import describe_file

_SHARD_IMAGES = 1024  # About 38 MB of PNG.
_CITATION = """@misc{gupta2019all,
  author = {Gupta, Anubha and Gupta, Ritu},
  title = {{ALL Challenge dataset of ISBI 2019 (C-NMC 2019)}},
  publisher = {The Cancer Imaging Archive}, year = {2019}, doi = {10.7937/tcia.2019.dc64i46r}}"""


def write_split(
    directory: Path,
    split: str,
    images: Sequence[tuple[IndexRow, CachedImage]],
    *,
    classes: ClassNames,
    seed: int,
    num_workers: int | None = None,
) -> dict:
    """Write the shards of one split, in a random order that the seed fixes.

    Args:
        directory: The folder of the shards.
        split: The name of the split.
        images: The index row of each image of the split, and the place of its PNG.
        classes: The names of the classes.
        seed: The seed of the order.
        num_workers: The number of threads; None for one a core.

    Returns:
        The manifest's entry: `num_images`, `num_images_of_class` and the described `shards`.

    Raises:
        OSError: The disk is full or cannot be written.
    """
    order = np.random.default_rng([seed, SPLITS.index(split)]).permutation(len(images))
    labels = [row.label for row, _ in images]
    num_shards = -(-len(order) // _SHARD_IMAGES)

    def write(number: int, indices: np.ndarray) -> dict:
        path = directory / f"{DATASET}-{split}.tfrecord-{number:05d}-of-{num_shards:05d}"
        _write_shard(path, [images[index] for index in indices])
        return {**describe_file(path), "num_images": len(indices)}

    with thread_pool(num_workers) as pool:
        shards = list(pool.map(write, range(num_shards), np.array_split(order, num_shards)))
    return {
        "num_images": len(images),
        "num_images_of_class": {name: labels.count(i) for i, name in enumerate(classes.stored)},
        "shards": shards,
    }


def _write_shard(path: Path, images: Sequence[tuple[IndexRow, CachedImage]]) -> None:
    try:
        with tf.io.TFRecordWriter(str(path)) as writer:
            for row, place in images:
                writer.write(serialize(row, place.read()))
    except tf.errors.OpError as error:  # Callers expect OSError, and this is no subclass of it.
        raise OSError(f"{path} cannot be written: {error.message}") from error


def serialize(row: IndexRow, png: bytes) -> bytes:
    """Serialize the record of one image; every process gives the same bytes.

    TFDS' own serializer checks types and shapes, which takes a tenth of a millisecond an image, and
    its order of the features differs from process to process.
    """
    feature = {name: _bytes_feature(getattr(row, name).encode()) for name in TEXTS}
    feature["image"] = _bytes_feature(png)
    feature["label"] = tf.train.Feature(int64_list=tf.train.Int64List(value=[row.label]))
    example = tf.train.Example(features=tf.train.Features(feature=feature))
    return example.SerializeToString(deterministic=True)


def _bytes_feature(value: bytes) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))


_CNMC = {
    "description": "C-NMC 2019: single white blood cells, leukaemia blasts (ALL) or normal (HEM).",
    "homepage": "https://doi.org/10.7937/tcia.2019.dc64i46r",
    "license": "CC BY 3.0",
    "citation": _CITATION,
}
_OTHERS = {"description": "Single white blood cells of a laboratory other than that of C-NMC 2019."}


def write_metadata(directory: Path, splits: dict, *, classes: ClassNames, of_cnmc: bool) -> None:
    """Write features.json and dataset_info.json, with which TFDS opens the directory.

    Args:
        directory: The folder that holds the shards.
        splits: The manifest's entries by split.
        classes: The names of the classes.
        of_cnmc: Whether the images are those of C-NMC, and are described and cited so.
    """
    template = tfds.core.ShardedFileTemplate(
        data_dir=directory, template="{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}"
    )
    tfds.folder_dataset.write_metadata(
        data_dir=directory,
        features=features(classes.stored),
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
        **(_CNMC if of_cnmc else _OTHERS),
    )
