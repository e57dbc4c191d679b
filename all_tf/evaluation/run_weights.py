"""A run's weights on disk: whole, unchanged, and unable to carry code."""

from pathlib import Path
from typing import NamedTuple

import keras

from all_tf.config.experiment import Experiment
from all_tf.runs.folder import CONFIG_FILE, METRICS_FILE, RunError, read_config, read_metrics
from builders.hdf5_weights import add_digest
from builders.registry import build_model
from builders.weights import load_file
from tfrecords.store.files import atomic_write
from tfrecords.store.manifest import digest_file

BEST_FILE = "best.weights.h5"
# What whoever scores a run asks of its files, beside the experiment.
_TYPE_OF_FACT = {"records": str, "folds": str, "folds_sha256": str, "class_weights": list}
_TYPE_OF_METRIC = {"best_epoch": int, "weights_sha256": str}


def save_weights(model: keras.Model, path: Path) -> None:
    """Write weights beside their place and rename: a kill leaves the old file or the new one.

    The optimizer's are left out: they are of no use for prediction and twice as large. The file
    holds the SHA-256 of its arrays, which travels with it to wherever `--weights` names it.
    """
    # Named: the file holds the name, and Keras would else count the models of the process in it.
    saved = keras.Model(model.input, model.output, name=model.name)
    with atomic_write(path) as partial:
        saved.save_weights(partial)
        add_digest(partial)


def load_weights(model: keras.Model, path: Path) -> None:
    """Give a model the weights that `save_weights` wrote of one like it."""
    keras.Model(model.input, model.output).load_weights(path)


class LoadedRun(NamedTuple):
    """A finished run: what it did, what follows from that, what came out, and the network."""

    experiment: Experiment
    facts: dict
    metrics: dict
    model: keras.Model


def load_run(run: Path) -> LoadedRun:
    """A finished run with its best weights; the only way from a run's folder to a model.

    The architecture is rebuilt from our own config and the file gives numbers only, so that it
    cannot carry code; its SHA-256 is checked before any parser opens it.

    Raises:
        RunError: The run is unfinished, was tampered with, or its weights are not those it ended
            with.
        WeightsError: They are, and yet hold more than plain arrays, or another network's.
    """
    experiment, facts = read_config(run)
    _check_types(run / CONFIG_FILE, facts, _TYPE_OF_FACT)
    metrics = read_metrics(run)
    _check_types(run / METRICS_FILE, metrics, _TYPE_OF_METRIC)
    path = run / BEST_FILE
    if not path.is_file() or digest_file(path) != metrics["weights_sha256"]:
        raise RunError(f"{path} is not the file that the run ended with (SHA-256). Train again.")
    model = build_model(
        experiment.arch,
        image_size=experiment.image_size,
        weights="none",
        dropout=experiment.dropout,
        precision=experiment.precision,
    )
    if load_file(model, path) != "whole model":
        raise RunError(f"{path} lacks the weights of the head. Train again.")
    return LoadedRun(experiment, facts, metrics, model)


def _check_types(path: Path, content: dict, type_of_key: dict[str, type]) -> None:
    for key, expected in type_of_key.items():
        if not isinstance(content.get(key), expected):
            raise RunError(
                f"{path} is damaged. Expected {key} of type {expected.__name__}. "
                f"Received: {key}={content.get(key)!r}"
            )
