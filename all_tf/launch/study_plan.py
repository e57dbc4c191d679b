"""The rows of a study: what is asked for, how it departs from the table, what is there already."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from all_tf.config.experiment import Experiment
from all_tf.config.presets import EXPERIMENTS, differing_fields
from all_tf.runs.folder import (
    CONFIG_FILE,
    epochs_done,
    is_finished,
    read_config,
    read_status,
)
from all_tf.runs.records_digest import RecordsDigest
from all_tf.system.checks import ConfigError


class StudyError(ValueError):
    """A study that cannot go on as asked; the message says which row or folder, and why."""


def choose_rows(
    names: Iterable[str], given: Mapping[str, Any], *, weights_dir: Path | None = None
) -> dict[str, Experiment]:
    """Experiments of rows of the table, with some fields given for all of them.

    Args:
        names: Keys of `EXPERIMENTS`.
        given: Values by field of `Experiment`. A row that starts from random weights does so
            whatever is given.
        weights_dir: Its files ARCH.weights.h5 stand in for the ImageNet weights that would be
            downloaded.

    Raises:
        StudyError: There is no such row, or no such folder, or a row cannot have such a value.
    """
    if weights_dir is not None and not weights_dir.is_dir():
        raise StudyError(f"No such folder of weights. Received: weights_dir={weights_dir}")
    experiments = {}
    for name in names:
        if name not in EXPERIMENTS:
            raise StudyError(f"No such row. Known: {', '.join(EXPERIMENTS)}. Received: {name!r}")
        row = EXPERIMENTS[name]
        kept = {"weights": "none"} if row.weights == "none" else {}
        try:
            row = replace(row, **{**given, **kept})
        except ConfigError as error:
            raise StudyError(f"Row {name}: {error}") from error
        file = (weights_dir or Path()) / f"{row.arch}.weights.h5"
        if weights_dir and row.weights == "imagenet" and file.is_file():
            row = replace(row, weights=str(file.resolve()))
        experiments[name] = row
    return experiments


def is_done(run: Path, row: Experiment, records: Path) -> bool:
    """Whether a run is finished as it is asked for; one that is not there or unfinished is not.

    Raises:
        StudyError: It is finished with other settings or on other records, or is no run.
    """
    if not run.exists() or not any(run.iterdir()):
        return False
    elsewhere = "Name another folder, or move that one away."
    if not (run / CONFIG_FILE).is_file():
        raise StudyError(f"{run} holds something, but no run of ours. {elsewhere}")
    if not is_finished(run, records):
        return False
    if differing := _departures_of_run(run, row, records):
        raise StudyError(f"{run} is finished with {'; '.join(differing)}. {elsewhere}")
    return True


def can_go_on(run: Path, row: Experiment, records: Path) -> bool:
    """Whether a run has completed an epoch of what is asked for now."""
    if not (run / CONFIG_FILE).is_file() or not epochs_done(run):
        return False
    if read_status(run).get("state") == "finished":  # But without its figures, or we were not here.
        return False
    return not _departures_of_run(run, row, records)


def _departures_of_run(run: Path, row: Experiment, records: Path) -> list[str]:
    """In what a run differs from what is asked for, in words."""
    there, facts = read_config(run)
    differing = [
        f"{key} {found!r}, asked for {asked!r}"
        for key, (found, asked) in differing_fields(there, row).items()
    ]
    files = RecordsDigest.from_config(facts).differing_files(RecordsDigest.of(records))
    return differing + [f"another {file} than {records} has" for file in files]
