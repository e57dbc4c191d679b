"""Reads cross-validation.json, which holds what is trained for each fold."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

from all_tf.config.experiment import Experiment
from all_tf.runs.checksums import unchanged
from all_tf.runs.fields import CROSS_VALIDATION
from all_tf.runs.folder import (
    CROSS_VALIDATION_FILE,
    METRICS_FILE,
    RunError,
    checked_experiment,
    is_cross_validation,
    read_metrics,
)
from all_tf.runs.records_digest import RecordsDigest
from all_tf.runs.strict_reading import damage_error, read_object


@dataclass(frozen=True)
class CrossValidation:
    """What is trained for each fold, as cross-validation.json holds it."""

    experiment: Experiment  # Of every run, except for the fold.
    folds: tuple[int, ...]
    records: Path
    options: tuple[str, ...]  # Of train.py, as they were given; later ones override them.

    def rows(self) -> dict[str, Experiment]:
        """The experiment of each fold, by the name of its run: `fold-0` and so on."""
        return {fold_name(fold): replace(self.experiment, fold=fold) for fold in self.folds}


def fold_name(fold: int) -> str:
    """The name of the folder of a fold's run."""
    return f"fold-{fold}"


def out_of_fold_folder(folder: Path) -> Path:
    """Where a cross-validation saves the joined predictions of its networks."""
    return folder / "out-of-fold"


def read_content(folder: Path) -> dict:
    """Read what cross-validation.json holds: its folds are 0 to K - 1, and no run is of another.

    Args:
        folder: Of a cross-validation; its records need not be there.

    Raises:
        RunError: It is damaged.
    """
    path = folder / CROSS_VALIDATION_FILE
    content = read_object(path, CROSS_VALIDATION, needed=CROSS_VALIDATION)
    folds = content["folds"]
    if not folds or folds != list(range(len(folds))):
        raise _damaged_folds(path, "0, 1, 2 and so on, each once, in order", folds)
    names = {each.name for each in folder.iterdir() if re.fullmatch(r"fold-\d+", each.name)}
    if more := names - {fold_name(fold) for fold in folds}:
        raise _damaged_folds(path, f"also that of {min(more)}, which is there", folds)
    return content


def read_finished_folds(folder: Path) -> list[int]:
    """The folds of a cross-validation, as many as its joined predictions are of.

    Raises:
        RunError: cross-validation.json is damaged, or has others.
    """
    folds = read_content(folder)["folds"]
    joined = unchanged(out_of_fold_folder(folder) / METRICS_FILE)
    if not joined.is_file():
        return folds
    epochs = read_metrics(joined.parent).get("best_epochs", folds)
    if len(epochs) != len(folds):
        expected = f"the {len(epochs)} folds that {joined} is of"
        raise _damaged_folds(folder / CROSS_VALIDATION_FILE, expected, folds)
    return folds


def _damaged_folds(path: Path, expected: str, folds: list[int]) -> RunError:
    why = f"Expected {expected}. Received: {folds}. Restore it, or start again in another folder."
    return damage_error(path, None, "folds", why)


def read_cross_validation(folder: Path, *, records: Path | None = None) -> CrossValidation:
    """Read cross-validation.json.

    Args:
        folder: Of a cross-validation.
        records: A copy of its records, to be used instead; None for those that it started with.

    Raises:
        RunError: The folder holds no cross-validation, or a damaged one, or the records are not
            those that it started with.
    """
    path = folder / CROSS_VALIDATION_FILE
    if not is_cross_validation(folder):
        raise RunError(
            f"No cross-validation in {folder}: it has no {CROSS_VALIDATION_FILE}. Make one: "
            "python scripts/train.py --experiment NAME --fold all"
        )
    content = read_content(folder)
    digest = RecordsDigest.stored_in(content)
    found = CrossValidation(
        checked_experiment(path, content["experiment"]),
        tuple(content["folds"]),
        records or Path(content["records"]),
        tuple(content["options"]),
    )
    if differing := digest.differing_files(RecordsDigest.of(found.records)):
        raise RunError(
            f"{found.records} has other images or other folds than when {folder} was started "
            f"(SHA-256 of {' and '.join(differing)}), so that its networks would not have been "
            "held apart from the same patients. Restore them, or start again in another folder."
        )
    return found
