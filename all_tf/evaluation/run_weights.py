"""The best weights of a run: written, checked, and loaded without running code from a file."""

import math
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import keras

from all_tf.config.experiment import Experiment
from all_tf.runs.checksums import unchanged
from all_tf.runs.folder import (
    CALIBRATION_FILE,
    CONFIG_FILE,
    METRICS_FILE,
    RunError,
    read_config,
    read_metrics,
    refuse_links,
)
from builders.hdf5_weights import add_digest
from builders.registry import build_model
from builders.weights import load_file
from tfrecords.store.files import atomic_write
from tfrecords.store.manifest import digest_file

BEST_FILE = "best.weights.h5"
_BYTES_OF_A_NAME = 4096  # At most: groups and headers of HDF5 for one array.
_BYTES_OF_A_FILE = 32768  # At most: its head, groups of layers without arrays, the digest.
# What an evaluation reads of a run's files, beside the experiment.
_TYPE_OF_FACT: dict[str, type] = {
    "records": str,
    "folds": str,
    "folds_sha256": str,
    "class_weights": list,
}
_TYPE_OF_METRIC: dict[str, type] = {"best_epoch": int, "weights_sha256": str}


def save_weights(model: keras.Model, path: Path) -> None:
    """Write the weights of a model; a process that is killed leaves the old file or the new one.

    The state of the optimizer is left out: prediction does not need it, and it is twice as large.
    The file holds the SHA-256 of its arrays, so that it can be checked when `--weights` names it.
    """
    # The file holds the name; without one, Keras would number the models of the process in it.
    saved = keras.Model(model.input, model.output, name=model.name)
    with atomic_write(path) as partial, _plain_errors(path):
        _require_room(partial, saved)
        saved.save_weights(partial)
        add_digest(partial)


@contextmanager
def _plain_errors(path: Path) -> Iterator[None]:
    """Raise what the system has refused as OSError: HDF5 wraps it in errors of its own."""
    try:
        yield
    except RuntimeError as error:
        if told := re.search(r"errno = (\d+)", str(error)):
            number = int(told[1])
            raise OSError(number, os.strerror(number), str(path)) from error
        raise


def _require_room(path: Path, model: keras.Model) -> None:
    """Raise OSError where the disk is too full for the weights: HDF5 would crash the process."""
    if not hasattr(os, "posix_fallocate"):  # macOS.
        return
    num_bytes = sum(
        4 * math.prod(each.shape) + _BYTES_OF_A_NAME
        for each in model.weights  # float32.
    )
    num_bytes += _BYTES_OF_A_FILE
    with path.open("r+b") as partial:
        os.posix_fallocate(partial.fileno(), 0, num_bytes)
        os.ftruncate(partial.fileno(), 0)


def load_weights(model: keras.Model, path: Path) -> None:
    """Load weights that `save_weights` wrote for a model of the same architecture."""
    keras.Model(model.input, model.output).load_weights(path)


class LoadedRun(NamedTuple):
    """A finished run: its experiment, the facts of its config.json, its metrics, its network."""

    experiment: Experiment
    facts: dict
    metrics: dict
    model: keras.Model


def load_run(run: Path, *, precision: str | None = None) -> LoadedRun:
    """Load a finished run with its best weights; the only way from a run's folder to a model.

    The architecture is built from config.json, and the file of weights gives numbers only, so that
    no code of the file can run. Its SHA-256 is checked before it is parsed.

    Args:
        run: The run's folder.
        precision: As `build_model` takes it; None for that of the training.

    Raises:
        RunError: The run is unfinished or damaged, or its weights were changed.
        WeightsError: The file holds something other than the arrays of this network.
    """
    refuse_links(run)
    for name in (CONFIG_FILE, METRICS_FILE, CALIBRATION_FILE):
        unchanged(run / name)
    experiment, facts = read_config(run)
    _check_types(run / CONFIG_FILE, facts, _TYPE_OF_FACT)
    metrics = read_metrics(run)
    _check_types(run / METRICS_FILE, metrics, _TYPE_OF_METRIC)
    path = run / BEST_FILE
    if path.is_symlink() or not path.is_file() or digest_file(path) != metrics["weights_sha256"]:
        raise RunError(f"{path} is not the file that the run ended with (SHA-256). Train again.")
    model = build_model(
        experiment.arch,
        image_size=experiment.image_size,
        weights="none",
        dropout=experiment.dropout,
        precision=precision or experiment.precision,
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


def network_digest(members: Sequence[Path]) -> str:
    """SHA-256 of a network's weights; of several networks that score together, over theirs.

    Args:
        members: The folders of finished runs.
    """
    digests = [str(read_metrics(member)["weights_sha256"]) for member in members]
    return digests[0] if len(digests) == 1 else sha256("\n".join(digests).encode()).hexdigest()
