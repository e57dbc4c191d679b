"""The settings of a run that a training takes, and whether it goes on where that run ended."""

import re
from pathlib import Path
from typing import NamedTuple

from all_tf.config import choices
from all_tf.config.engine import Engine, engine_of
from all_tf.config.experiment import Experiment
from all_tf.config.presets import differing_fields
from all_tf.runs.checksums import unchanged
from all_tf.runs.errors import RunError
from all_tf.runs.fields import CONFIG
from all_tf.runs.folder import (
    CONFIG_FILE,
    HISTORY_FILE,
    METRICS_FILE,
    checked_experiment,
    is_cross_validation,
    read_status,
    resume_command,
)
from all_tf.runs.history_file import (
    ended_by_time,
    epochs_trained,
    read_history,
    waited_in_vain,
)
from all_tf.runs.records_digest import RecordsDigest
from all_tf.runs.strict_reading import read_object
from all_tf.system.checks import ConfigError
from tfrecords.names import legible

# What may differ where a training goes on: its length, and what is scored after it.
_NOT_OF_AN_EPOCH = {"epochs", "last_epoch", "score_held_out"}
_OF_PROCESSES = "{} was trained with --num-processes, and such a run does not go on"
_STAMP = re.compile(r"^\d{8}-\d{6}-")  # The time in the name of a run.


class Former(NamedTuple):
    """The settings of a run, as its config.json holds them."""

    folder: Path | None  # Of the run; None where only a file was named.
    file: Path
    experiment: Experiment
    engine: Engine
    tensorboard: str
    records: Path | None
    facts: dict

    @property
    def name(self) -> str:
        """What a run with these settings is called, without the time."""
        return _STAMP.sub("", (self.folder or self.file.with_suffix("")).resolve().name)

    @property
    def is_of_processes(self) -> bool:
        """Whether JAX trained it, whose states no other backend reads."""
        return self.engine.backend != choices.BACKENDS[0]


def read_former(path: Path) -> Former:
    """Read the settings of a run's folder, or of a file of the form of its config.json.

    Raises:
        RunError: There is no run or no file, it is damaged, or a cross-validation was named.
        ConfigError: A setting is of another version.
    """
    if is_cross_validation(path):
        raise RunError(
            f"{path} holds a run for each fold. Name one of them, and --fold all to train all "
            f"folds again: --config {path / 'fold-0'} --fold all"
        )
    folder, file = (path, path / CONFIG_FILE) if path.is_dir() else (None, path)
    if not file.is_file():
        raise RunError(f"Expected a run's folder, or a file like its {CONFIG_FILE}: no {file}")
    if folder:
        unchanged(file)
    facts = read_object(file, CONFIG, needed=("experiment",))
    experiment = checked_experiment(file, facts.pop("experiment"))
    engine = engine_of(facts) if "engine" in facts else Engine()
    records = Path(facts["records"]) if facts.get("records") else None
    tensorboard = facts.get("tensorboard", choices.TENSORBOARD[0])
    return Former(folder, file, experiment, engine, tensorboard, records, facts)


def describe_departures(former: Former, experiment: Experiment, engine: Engine) -> str:
    """Say which settings are not those of the former run, one a line."""
    pairs = differing_fields(experiment, former.experiment)
    pairs |= {
        f"engine {key}": (held, getattr(former.engine, key))
        for key, held in vars(engine).items()
        if held != getattr(former.engine, key)
    }
    lines = [f"  {key}: {here}, there {there}" for key, (here, there) in pairs.items()]
    return legible(
        "\n".join([f"settings of {former.file}" + (", but for" * bool(lines)), *lines]), keep="\n"
    )


def find_begun(former: Former, experiment: Experiment, records: Path) -> Path | None:
    """The finished run that a training goes on with; None where it begins anew.

    It goes on where the folder of a finished run is named and only its length differs, upwards.

    Args:
        former: The run whose settings are taken.
        experiment: Of the training.
        records: Its records directory.

    Raises:
        RunError: It would go on, but the run cannot: its patience or its time has ended it, or no
            fold was held out.
    """
    differing = differing_fields(experiment, former.experiment).keys()
    folder = former.folder
    both_probes = experiment.is_linear_probe and former.experiment.is_linear_probe
    allowed = _NOT_OF_AN_EPOCH | ({"freeze_epochs"} if both_probes else set())
    if folder is None or not differing or not differing <= allowed or not is_whole(folder):
        return None
    rows = read_history(unchanged(folder / HISTORY_FILE))
    if _last(experiment) <= epochs_trained(rows):
        return None
    if RecordsDigest.stored_in(former.facts).differing_files(RecordsDigest.of(records)):
        print(f"{records} are not the records of {folder}: training begins anew")
        return None
    if former.is_of_processes:
        print(f"{_OF_PROCESSES.format(folder)}: training begins anew")
        return None
    if not experiment.chooses:
        raise RunError(
            f"{folder} is a refit: its cross-validation chose its last epoch and its calibration, "
            "which more epochs would belie. Train the folds longer, and refit."
        )
    _refuse_ended_early(folder, former.experiment, rows)
    return folder


def require_begun(begun: Path | None, former: Former) -> None:
    """Raise where a run cannot be gone on with, though `--resume RUN --epochs N` asks for it.

    Raises:
        RunError: The run is unfinished, was ended by patience or time, or would not become longer.
    """
    if begun is not None:
        return
    if not is_whole(folder := former.folder or former.file):
        raise RunError(
            f"{folder} is not finished. Resume it first, with its own settings: "
            f"{resume_command(folder)}"
        )
    _refuse_ended_early(folder, former.experiment, read_history(unchanged(folder / HISTORY_FILE)))
    if former.is_of_processes:
        raise RunError(f"{_OF_PROCESSES.format(folder)}. Begin anew: --config {folder} --epochs N")
    raise RunError(
        f"{folder} is finished, and goes on only with more epochs than it has, on its own records. "
        f"Received: {former.experiment.epochs} epochs there"
    )


def refuse_refit_settings(former: Former, experiment: Experiment) -> None:
    """Raise where settings of a refit leave no set to choose the epoch on.

    Raises:
        ConfigError: No fold is held out.
    """
    if not experiment.chooses:
        raise ConfigError(
            f"{former.file} is of a refit, which holds no fold out. Add --fold K or --fold all, or "
            "make the refit again: --refit DIR"
        )


def is_whole(run: Path) -> bool:
    """Whether a run has ended as it should."""
    state = read_status(run).get("state")
    return state == "finished" or (state is None and (run / METRICS_FILE).is_file())


def _last(experiment: Experiment) -> int:
    return experiment.last_epoch or experiment.epochs


def _refuse_ended_early(folder: Path, experiment: Experiment, rows: list[dict]) -> None:
    if ended_by_time(rows, experiment):
        raise RunError(
            f"{folder} was ended by --max-minutes {experiment.max_minutes:g} and does not go on. "
            f"Begin anew with more time: --config {folder} --max-minutes X"
        )
    if waited_in_vain(rows, experiment):
        raise RunError(
            f"{folder} saw no better epoch in {experiment.patience}, so that a longer run would "
            f"have ended there, too, by --patience {experiment.patience}. Begin anew with another: "
            f"--config {folder} --patience N"
        )
