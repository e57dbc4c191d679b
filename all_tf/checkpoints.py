"""A run's weights on disk: whole, unchanged, and unable to carry code."""

import os
from pathlib import Path

import keras

from all_tf.runs import RunError, read_config, read_metrics
from builders.registry import build_model
from tfrecords.manifest import digest_file

BEST_FILE = "best.weights.h5"


def save_weights(model: keras.Model, path: Path) -> None:
    """Write weights beside their place and rename: a kill leaves the old file or the new one.

    The optimizer's are left out: they are of no use for prediction and twice as large.
    """
    partial = path.with_name(f".partial-{path.name}")
    # Named: the file holds the name, and Keras would else count the models of the process in it.
    keras.Model(model.input, model.output, name=model.name).save_weights(partial)
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    partial.replace(path)


def load_weights(model: keras.Model, path: Path) -> None:
    """Give a model the weights that `save_weights` wrote of one like it."""
    keras.Model(model.input, model.output).load_weights(path)


def load_model(run: Path) -> keras.Model:
    """The model of a finished run with its best weights.

    The architecture is rebuilt from our own config and the file gives numbers only, so that it
    cannot carry code; its SHA-256 is checked before it is opened.

    Raises:
        RunError: The run is unfinished, or its weights are not those it ended with.
    """
    experiment, _ = read_config(run)
    expected = read_metrics(run)["weights_sha256"]
    path = run / BEST_FILE
    if not path.is_file() or digest_file(path) != expected:
        raise RunError(f"{path} is not the file that the run ended with (SHA-256). Train again.")
    return build_model(
        experiment.arch,
        image_size=experiment.image_size,
        weights=str(path),
        dropout=experiment.dropout,
    )
