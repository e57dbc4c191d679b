"""A run on disk: its config, its figures, and weights that are whole and unchanged."""

import json
import os
from dataclasses import asdict
from pathlib import Path

import keras

from all_tf.config import Experiment
from builders.registry import build_model
from tfrecords.manifest import digest_file

CONFIG_FILE = "config.json"
METRICS_FILE = "metrics.json"
BEST_FILE = "best.weights.h5"


class RunError(ValueError):
    """A run directory is taken, incomplete or changed; the message says which file."""


def save_weights(model: keras.Model, path: Path) -> None:
    """Write weights beside their place and rename: a kill leaves the old file or the new one.

    The optimizer's are left out: they are of no use for prediction and twice as large.
    """
    partial = path.with_name(f".partial-{path.name}")
    keras.Model(model.input, model.output).save_weights(partial)
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    partial.replace(path)


def load_weights(model: keras.Model, path: Path) -> None:
    """Give a model the weights that `save_weights` wrote of one like it."""
    keras.Model(model.input, model.output).load_weights(path)


def write_config(run: Path, experiment: Experiment, facts: dict) -> None:
    """Write config.json: the experiment, and facts that follow from it and the records."""
    config = {"experiment": asdict(experiment), **facts}
    (run / CONFIG_FILE).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def read_config(run: Path) -> tuple[Experiment, dict]:
    """The experiment of a run, and the facts stored with it.

    Raises:
        RunError: No run, or its config.json is damaged.
    """
    path = run / CONFIG_FILE
    if not path.is_file():
        raise RunError(f"No run in {run}: it has no {CONFIG_FILE}. Name a folder below runs/.")
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        fields = facts.pop("experiment")
        return Experiment(**{**fields, "augment": tuple(fields["augment"])}), facts
    except (ValueError, KeyError, TypeError) as error:
        raise RunError(f"{path} is damaged or from another version: {error}") from error


def read_metrics(run: Path) -> dict:
    """metrics.json of a finished run.

    Raises:
        RunError: The run has none: it has not ended.
    """
    path = run / METRICS_FILE
    if not path.is_file():
        raise RunError(f"{run} has no {METRICS_FILE}: its training has not ended. Train again.")
    return json.loads(path.read_text(encoding="utf-8"))


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
    return build_model(experiment.arch, image_size=experiment.image_size, weights=str(path))
