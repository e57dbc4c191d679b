"""From a split's verified shards to a `tf.data.Dataset` of examples whose length is known."""

from collections.abc import Collection
from pathlib import Path

import tensorflow as tf
import tensorflow_datasets as tfds

from tfrecords.folds import read_folds
from tfrecords.manifest import RecordsError, verify_split
from tfrecords.progress import Progress, untold


def read_examples(
    directory: Path,
    split: str,
    *,
    folds: Collection[int] | None = None,
    decoders: dict | None = None,
    trusted: bool = False,
    progress: Progress = untold,
) -> tf.data.Dataset:
    """The examples of one split, in the order in which they were written.

    Args:
        directory: A records directory.
        split: "train", "validation" or "test".
        folds: Only the images of these folds of the training split; None for all images.
        decoders: As `tfds.core.DatasetBuilder.as_dataset` takes them; with
            `{"image": tfds.decode.SkipDecoding()}` images stay PNG strings.
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
        decoders=decoders,
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
