"""The rows of a study: which to train, with which changes, and which are finished already."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from all_tf.config.experiment import Experiment
from all_tf.config.presets import EXPERIMENTS, differing_fields
from all_tf.launch.replaced_settings import replace_settings
from all_tf.runs.folder import (
    CONFIG_FILE,
    epochs_done,
    is_finished,
    read_config,
    read_status,
)
from all_tf.runs.records_digest import RecordsDigest
from all_tf.system.checks import ConfigError
from all_tf.system.outputs import is_unused


class StudyError(ValueError):
    """A study cannot run as requested; the message says which row or folder, and why."""


def choose_rows(
    names: Iterable[str], given: Mapping[str, Any], *, weights_dir: Path | None = None
) -> dict[str, Experiment]:
    """Return experiments of rows of the table, with some fields replaced in all of them.

    Args:
        names: Keys of `EXPERIMENTS`.
        given: New values by field of `Experiment`. A row with random initial weights keeps them.
        weights_dir: A folder of files ARCH.weights.h5, to use instead of downloaded ImageNet
            weights.

    Raises:
        StudyError: There is no such row or folder, a value is invalid for a row, or weights are
            "none" beside a folder of them.
    """
    if weights_dir is not None and given.get("weights") == "none":
        raise StudyError(
            "--weights none begins with random weights and takes none of --weights-dir. Leave out "
            f"one of them. Received: weights='none', weights_dir={weights_dir}"
        )
    if weights_dir is not None and not weights_dir.is_dir():
        raise StudyError(f"No such folder of weights. Received: weights_dir={weights_dir}")
    experiments = {}
    for name in names:
        if name not in EXPERIMENTS:
            raise StudyError(f"No such row. Known: {', '.join(EXPERIMENTS)}. Received: {name!r}")
        row = EXPERIMENTS[name]
        kept = {"weights": "none"} if row.weights == "none" else {}
        try:
            row = replace_settings(row, {**given, **kept})
        except ConfigError as error:
            raise StudyError(f"Row {name}: {error}") from error
        file = (weights_dir or Path()) / f"{row.arch}.weights.h5"
        if weights_dir and row.weights == "imagenet" and file.is_file():
            row = replace(row, weights=str(file.resolve()))
        experiments[name] = row
    return experiments


def is_done(run: Path, row: Experiment, records: Path) -> bool:
    """Return whether a run is finished; False if it does not exist or is unfinished.

    Args:
        run: The folder of the run.
        row: The experiment that it should have.
        records: The records that it should be trained on.

    Raises:
        StudyError: It is finished with other settings or on other records, or is not a run.
    """
    if is_unused(run):
        return False
    elsewhere = "Name another folder, or move that one away."
    if not (run / CONFIG_FILE).is_file():
        raise StudyError(f"{run} is not empty and holds no run of all_tf. {elsewhere}")
    if not is_finished(run, records):
        return False
    if differing := _departures_of_run(run, row, records):
        raise StudyError(f"{run} is finished with {'; '.join(differing)}. {elsewhere}")
    return True


def can_resume(run: Path, row: Experiment, records: Path) -> bool:
    """Return whether a run has completed an epoch with the same settings and records."""
    if not (run / CONFIG_FILE).is_file() or not epochs_done(run):
        return False
    if read_status(run).get("state") == "finished":  # Without its metrics: `is_done` was False.
        return False
    return not _departures_of_run(run, row, records)


def _departures_of_run(run: Path, row: Experiment, records: Path) -> list[str]:
    """Describe how a run differs from the requested experiment and records."""
    there, facts = read_config(run)
    differing = [
        f"{key} {found!r}, asked for {asked!r}"
        for key, (found, asked) in differing_fields(there, row).items()
    ]
    files = RecordsDigest.stored_in(facts).differing_files(RecordsDigest.of(records))
    return differing + [f"another {file} than {records} has" for file in files]
