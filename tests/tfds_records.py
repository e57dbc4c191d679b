"""Records as TensorFlow Datasets reads them, which knows nothing of this project."""

from pathlib import Path

import tensorflow as tf
import tensorflow_datasets as tfds


def read_with_tfds(records: Path, split: str) -> tf.data.Dataset:
    """The decoded examples of one split, in the order in which they were written."""
    # One file after another: the order is then that of the records, not of the interleaving.
    config = tfds.ReadConfig(interleave_cycle_length=1, try_autocache=False)
    builder = tfds.builder_from_directory(str(records))
    return builder.as_dataset(split=split, read_config=config)
