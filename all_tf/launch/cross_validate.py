"""Cross-validation: begin or resume a folder of runs, one for each fold, and plan a refit."""

import io
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import asdict, replace
from pathlib import Path
from typing import NamedTuple

from all_tf.config.experiment import Experiment
from all_tf.launch.asked import ask
from all_tf.launch.options import parse_words
from all_tf.launch.run_queue import Study, no_action, run_rows
from all_tf.launch.study_plan import StudyError
from all_tf.metrics.calibration import Calibration
from all_tf.runs.calibration_file import CALIBRATION_FILE, read_calibration
from all_tf.runs.checksums import unchanged
from all_tf.runs.cross_validation import (
    CrossValidation,
    fold_name,
    out_of_fold_folder,
    read_cross_validation,
)
from all_tf.runs.folder import (
    CONFIG_FILE,
    CROSS_VALIDATION_FILE,
    METRICS_FILE,
    RunError,
    is_cross_validation,
    read_config,
    read_metrics,
    resume_command,
    write_json,
)
from all_tf.runs.out_of_fold import write_out_of_fold
from all_tf.runs.parent import refuse_other_weights
from all_tf.runs.records_digest import RecordsDigest
from all_tf.system.locks import locked
from all_tf.system.outputs import is_unused
from tfrecords.store.files import remove_partial_files
from tfrecords.store.folds import read_folds
from tfrecords.store.manifest import read_manifest


def begin(
    folder: Path, experiment: Experiment, *, records: Path, options: Sequence[str]
) -> CrossValidation:
    """Write the settings of a cross-validation to a folder, or return those of an equal one.

    Args:
        folder: A new or empty folder, or that of the same cross-validation.
        experiment: An experiment with the held-out protocol ("honest"); its fold is ignored.
        records: A records directory with folds. A copy elsewhere is the same.
        options: The options of train.py that give the experiment.

    Raises:
        RunError: The folder has other contents or was begun with other settings or records, or the
            protocol holds out no fold.
        RecordsError, FoldsError: There are no records, or no folds.
    """
    if experiment.protocol != "honest":
        raise RunError(
            "Only --protocol honest holds folds out. Leave out --fold all, or --protocol. "
            f"Received: --protocol {experiment.protocol}"
        )
    read_manifest(records)
    folds = tuple(sorted(set(read_folds(records).values())))
    asked = CrossValidation(
        replace(experiment, fold=folds[0]), folds, records.resolve(), tuple(options)
    )
    path = folder / CROSS_VALIDATION_FILE
    if is_cross_validation(folder):
        there = read_cross_validation(folder, records=asked.records)
        found, wanted = _settings(there), _settings(asked)
        if differing := [key for key in wanted if found[key] != wanted[key]]:
            pairs = [f"{key} {found[key]!r}, asked for {wanted[key]!r}" for key in differing]
            raise RunError(
                f"{folder} holds a cross-validation with other settings: {'; '.join(pairs)}. Name "
                f"another --run-dir, or resume the existing one: {resume_command(folder)}"
            )
        return there
    if not is_unused(folder):
        raise RunError(f"{folder} is not empty, and no run overwrites another. Name a new folder.")
    folder.mkdir(parents=True, exist_ok=True)
    digest = RecordsDigest.of(records).as_dict()
    write_json(path, {**asdict(asked), "records": str(asked.records), **digest})
    return asked


def _settings(asked: CrossValidation) -> dict[str, object]:
    """All that the folds are trained with, by name; engine and TensorBoard are in options alone."""
    with redirect_stdout(io.StringIO()):  # What `ask` says of the source has been printed.
        of_options = ask(parse_words(asked.options))
    return {
        **vars(asked.experiment),
        "folds": asked.folds,
        **vars(of_options.engine),
        "tensorboard": of_options.tensorboard,
    }


class Refit(NamedTuple):
    """A training on all folds, with the last epoch and calibration of a cross-validation."""

    experiment: Experiment
    calibration: Calibration


def plan_refit(folder: Path, *, records: Path | None = None) -> Refit:
    """Return the experiment of a cross-validation without a held-out fold, and its calibration.

    Training ends after the median of the folds' best epochs, within a schedule as long as theirs:
    with a shorter schedule the learning rates would differ.

    Args:
        folder: The folder of a finished cross-validation.
        records: The records, if they are not at the place that the folder names.

    Raises:
        RunError: The cross-validation is unfinished or damaged, or its folds began from another
            network than lies there now.
    """
    asked = read_cross_validation(folder, records=records)
    together = out_of_fold_folder(folder)
    for name in (METRICS_FILE, CALIBRATION_FILE):
        unchanged(together / name)
    last_epoch = read_metrics(together)["best_epoch"]
    for run in (folder / name for name in asked.rows() if (folder / name / CONFIG_FILE).is_file()):
        refuse_other_weights(asked.experiment, read_config(run)[1], source=run / CONFIG_FILE)
    experiment = replace(
        asked.experiment,
        fold=None,
        last_epoch=last_epoch,
        patience=None,
        max_minutes=None,
        score_held_out=True,  # Of a sweep's trial it was not.
    )
    return Refit(experiment, read_calibration(together))


def cross_validate(
    folder: Path,
    *,
    records: Path | None = None,
    trusted: bool = False,
    on_poll: Callable[[Path], None] = no_action,
    held: tuple[int, ...] = (),
) -> dict:
    """Train the unfinished folds, one after another, and save the out-of-fold predictions.

    Args:
        folder: A folder that `begin` has written.
        records: The records, if they are not at the place that the folder names.
        trusted: Whether to skip the SHA-256 of the shards.
        on_poll, held: As a `Study` has them.

    Returns:
        The report on the out-of-fold predictions (`write_out_of_fold`).

    Raises:
        RunError: The training of a fold failed; the other folds were trained.
        StudyError: Another process works in the folder, or a fold has other settings.
    """
    asked = read_cross_validation(folder, records=records)
    rows = asked.rows()
    refusal = StudyError(
        f"Another process is at work in {folder}, or a training that it left behind. "
        "Wait for its end, or name another folder."
    )
    with locked(folder, refusal=refusal) as lock:
        remove_partial_files(folder)
        study = Study(
            folder,
            asked.records,
            trusted,
            options=lambda _, row: [*asked.options, "--fold", str(row.fold)],
            kind="fold",
            on_poll=on_poll,
            held=(lock, *held),
        )
        failures = {name: why for name, why in run_rows(rows, study) if why is not None}
        if failures:
            reasons = "".join(f"\n  {name}: {why}" for name, why in failures.items())
            raise RunError(
                f"{len(failures)} of {len(rows)} folds failed, so that there is no report over all "
                f"of them. Resume with: {resume_command(folder)}{reasons}"
            )
        return write_out_of_fold(folder, {fold: folder / fold_name(fold) for fold in asked.folds})
