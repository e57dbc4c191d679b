"""A network for each fold, trained on the others: a folder of runs, and how to go on with it."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import NamedTuple

from all_tf.config.experiment import Experiment
from all_tf.launch.run_queue import Study, run_rows
from all_tf.metrics.calibration import Calibration
from all_tf.runs.calibration_file import read_calibration
from all_tf.runs.cross_validation import CrossValidation, fold_name, read_cross_validation
from all_tf.runs.folder import (
    CROSS_VALIDATION_FILE,
    RunError,
    is_cross_validation,
    read_metrics,
    resume_command,
    write_json,
)
from all_tf.runs.out_of_fold import out_of_fold_folder, write_out_of_fold
from all_tf.runs.records_digest import RecordsDigest
from all_tf.system.locks import LOCK_FILE
from tfrecords.store.folds import read_folds
from tfrecords.store.manifest import read_manifest


def begin(
    folder: Path, experiment: Experiment, *, records: Path, options: Sequence[str]
) -> CrossValidation:
    """Write down what is to be trained in a folder; what is written there already may go on.

    Args:
        folder: New, empty, or of the same cross-validation.
        experiment: Under the honest protocol; its fold does not count.
        records: A records directory with folds.
        options: With which train.py asks for the experiment.

    Raises:
        RunError: The folder is taken by something else, or the protocol holds out no fold.
        RecordsError, FoldsError: There are no records, or no folds.
    """
    if experiment.protocol != "honest":
        raise RunError(
            "Only --protocol honest holds folds out. Leave --fold all away, or --protocol. "
            f"Received: --protocol {experiment.protocol}"
        )
    read_manifest(records)
    folds = tuple(sorted(set(read_folds(records).values())))
    asked = CrossValidation(
        replace(experiment, fold=folds[0]), folds, records.resolve(), tuple(options)
    )
    path = folder / CROSS_VALIDATION_FILE
    if is_cross_validation(folder):
        there = read_cross_validation(folder)
        if replace(there, options=asked.options) != asked:
            raise RunError(
                f"{folder} holds a cross-validation with other settings, records or folds. Name "
                f"another --run-dir, or go on with the one there: {resume_command(folder)}"
            )
        return there
    if folder.exists() and {each.name for each in folder.iterdir()} - {LOCK_FILE}:
        raise RunError(f"{folder} is not empty, and no run overwrites another. Name another one.")
    folder.mkdir(parents=True, exist_ok=True)
    digest = RecordsDigest.of(records).as_dict()
    write_json(path, {**asdict(asked), "records": str(asked.records), **digest})
    return asked


class Refit(NamedTuple):
    """A training on all folds, with what a cross-validation has chosen for it."""

    experiment: Experiment
    calibration: Calibration


def plan_refit(folder: Path, *, records: Path | None = None) -> Refit:
    """The experiment of a cross-validation without a fold held out, and its common calibration.

    It ends after the median of the epochs that the folds chose, in the midst of a schedule as long
    as theirs: an epoch of a shorter schedule would be another one.

    Args:
        folder: Of a cross-validation that has ended.
        records: As `read_cross_validation` takes it.

    Raises:
        RunError: It has not, or is damaged.
    """
    asked = read_cross_validation(folder, records=records)
    together = out_of_fold_folder(folder)
    last_epoch = read_metrics(together)["best_epoch"]
    experiment = replace(asked.experiment, fold=None, last_epoch=last_epoch, patience=None)
    return Refit(experiment, read_calibration(together))


def cross_validate(
    folder: Path, *, train: Path, records: Path | None = None, trusted: bool = False
) -> dict:
    """Train the folds that are not finished, one after another, and file what they say together.

    Args:
        folder: After `begin`.
        train: The command: scripts/train.py.
        records: As `read_cross_validation` takes it.
        trusted: As `all_tf.data.cells.load_cells` takes it.

    Returns:
        The report on the out-of-fold predictions (`write_out_of_fold`).

    Raises:
        RunError: Folds have failed; the others were trained all the same.
        StudyError: Another process is at work in the folder, or a fold is not what it should be.
    """
    asked = read_cross_validation(folder, records=records)
    rows = asked.rows()
    study = Study(
        folder,
        asked.records,
        train,
        trusted,
        options=lambda _, row: [*asked.options, "--fold", str(row.fold)],
        kind="fold",
    )
    failures = {name: why for name, why in run_rows(rows, study) if why is not None}
    if failures:
        reasons = "".join(f"\n  {name}: {why}" for name, why in failures.items())
        raise RunError(
            f"{len(failures)} of {len(rows)} folds failed, so that there is no report over all of "
            f"them. Then go on with: {resume_command(folder)}{reasons}"
        )
    return write_out_of_fold(folder, {fold: folder / fold_name(fold) for fold in asked.folds})
