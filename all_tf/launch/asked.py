"""What a command line asks for: settings of rows, runs and options, brought together."""

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from all_tf.config import choices
from all_tf.config.engine import Engine
from all_tf.config.experiment import Experiment
from all_tf.config.presets import EXPERIMENTS, default_experiment, find_row
from all_tf.launch.former_run import (
    describe_departures,
    find_begun,
    read_former,
    refuse_refit_settings,
    require_begun,
)
from all_tf.launch.options import ALL_FOLDS, RECORDS
from all_tf.launch.replaced_settings import choose_experiment, given
from all_tf.runs.parent import refuse_other_weights


class Asked(NamedTuple):
    """A training that was asked for."""

    experiment: Experiment
    engine: Engine
    records: Path
    tensorboard: str
    begun: Path | None = None  # The finished run that it goes on with; None to begin anew.
    config: Path | None = None  # The file that the settings are of; None for a row.


def ask(options: dict, *, backend: str = "tensorflow") -> Asked:
    """Take the row or the run that the options name, and replace what they give beside it.

    Args:
        options: As `parse_options` returns them. A fold of "all" is left out: each has its own.
        backend: Of Keras.

    Raises:
        RunError, ConfigError: The run cannot be taken from, its path of weights leads to others, or
            a setting is invalid.
    """
    every_fold = options["fold"] == ALL_FOLDS
    more = given({**options, "fold": None} if every_fold else options, Experiment)
    of_engine = given(options, Engine) | {"backend": backend}
    if options["config"] is None:
        return Asked(
            choose_experiment(_row(options), more),
            Engine(**of_engine),
            options["records"] or RECORDS,
            options["tensorboard"] or choices.TENSORBOARD[0],
        )
    former = read_former(options["config"])
    settings = former.experiment
    leaves_refit = not settings.chooses and (every_fold or "fold" in more)
    if settings.last_epoch and ("epochs" in more or leaves_refit):
        # It ended there, a refit where its folds had said; now the schedule's end counts.
        settings = replace(settings, last_epoch=None)
    if every_fold:
        more["fold"] = 0 if former.experiment.fold is None else former.experiment.fold
    experiment = choose_experiment(settings, more)
    engine = replace(former.engine, **of_engine)
    records = options["records"] or former.records or RECORDS
    print(describe_departures(former, experiment, engine), flush=True)
    begun = None if every_fold else find_begun(former, experiment, records)
    if begun is None and "weights" not in more:
        refuse_other_weights(experiment, former.facts, source=former.file)
    if options["goes_on"]:
        require_begun(begun, former)
    refuse_refit_settings(former, experiment)
    tensorboard = options["tensorboard"] or former.tensorboard
    return Asked(experiment, engine, records, tensorboard, begun, former.file)


def _row(options: dict) -> Experiment:
    """The row that was asked for, by its name or its architecture; without one, defaults."""
    if options["experiment"]:
        return EXPERIMENTS[options["experiment"]]
    arch = options["arch"]
    if row := find_row(arch):
        return row
    row = default_experiment(arch)
    print(
        f"{arch} has no row in all_tf/config/presets.py. What is not given as an option is a "
        f"default: image_size {row.image_size}, batch_size {row.batch_size}, epochs {row.epochs}, "
        f"learning_rate {row.learning_rate}, weights {row.weights}, no augmentation."
    )
    return row
