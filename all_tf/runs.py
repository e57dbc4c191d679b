"""A run's folder as anyone may read it, without TensorFlow: its files, its config, its figures."""

import json
from dataclasses import asdict
from pathlib import Path

from all_tf.config import Experiment

CONFIG_FILE = "config.json"
METRICS_FILE = "metrics.json"
PREDICTIONS_FILE = "predictions.csv"


class RunError(ValueError):
    """A run directory is taken, incomplete or changed; the message says which file."""


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
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise RunError(f"{path} is damaged or from another version: {error}") from error


def read_metrics(run: Path) -> dict:
    """metrics.json of a finished run.

    Raises:
        RunError: The run has none: it has not ended. Or it is damaged.
    """
    path = run / METRICS_FILE
    if not path.is_file():
        raise RunError(f"{run} has no {METRICS_FILE}: its training has not ended. Train again.")
    try:
        metrics = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise RunError(f"{path} is damaged: {error}. Train again.") from error
    if not isinstance(metrics, dict):
        raise RunError(f"{path} is damaged. Expected figures by name. Received: {metrics!r}")
    return metrics


def set_name(split: str, fold: int | None) -> str:
    """A set as it is printed and filed: "validation", "train fold 0"."""
    return split if fold is None else f"{split} fold {fold}"


def evaluation_folder(run: Path, split: str, fold: int | None) -> Path:
    """Where a run files its evaluation of a set."""
    return run / "evaluation" / set_name(split, fold).replace(" ", "-")
