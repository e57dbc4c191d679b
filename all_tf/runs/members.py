"""The runs that a folder stands for, and what is checked of them before TensorFlow is loaded."""

from collections.abc import Sequence
from pathlib import Path

from all_tf.runs.checksums import unchanged
from all_tf.runs.cross_validation import fold_name
from all_tf.runs.fields import CROSS_VALIDATION
from all_tf.runs.folder import (
    CONFIG_FILE,
    CROSS_VALIDATION_FILE,
    METRICS_FILE,
    EvaluationSet,
    RunError,
    is_cross_validation,
    read_config,
    read_metrics,
)
from all_tf.runs.named_calibration import require_named
from all_tf.runs.strict_reading import read_object
from tfrecords.store.folds import FoldsError, require_fold
from tfrecords.store.manifest import read_manifest, verify_split


def runs_behind(folder: Path) -> list[Path]:
    """The runs that a folder stands for: a run, a cross-validation's folds, an ensemble's members.

    The records of a cross-validation need not be there any more.

    Raises:
        RunError: The cross-validation or the ensemble is damaged, or the ensemble was evaluated
            with a calibration of its own, which its members do not have.
    """
    if is_cross_validation(folder):
        content = read_object(
            folder / CROSS_VALIDATION_FILE, CROSS_VALIDATION, needed=CROSS_VALIDATION
        )
        return [folder / fold_name(fold) for fold in content["folds"]]
    if (folder / CONFIG_FILE).is_file() or not (folder / METRICS_FILE).is_file():
        return [folder]
    report = read_metrics(unchanged(folder / METRICS_FILE).parent)
    if "calibration" in report:
        raise RunError(
            f"{folder} was evaluated with the calibration {report['calibration']!r}, which its "
            "members do not have. Name the runs or the cross-validation themselves."
        )
    return [Path(member) for member in report.get("members") or [folder]]


def require_finished(
    folders: Sequence[Path],
    *,
    calibration: str | None = None,
    asked: EvaluationSet | None = None,
) -> None:
    """Raise where a command would be refused later, after TensorFlow was loaded.

    What takes long, such as SHA-256, is left to those who read the files.

    Args:
        folders: Of finished runs, cross-validations or evaluated ensembles.
        calibration: The name of a calibration that the first of them has; None for none.
        asked: The set of cells that they are to score; None for none of their records.

    Raises:
        RunError: A run is missing, damaged or unfinished, or has no such calibration.
        RecordsError, FoldsError: There are no such records, split or fold.
    """
    members = [member for folder in folders for member in runs_behind(folder)]
    facts = [read_config(member)[1] for member in members]
    for member in members:
        read_metrics(member)
    if calibration is not None:
        require_named(folders[0], calibration)
    own = facts[0].get("records")
    if asked is not None and (asked.records or isinstance(own, str)):
        _require_set(asked, asked.records or Path(str(own)))


def _require_set(asked: EvaluationSet, records: Path) -> None:
    if asked.split is None:
        read_manifest(records)
    else:
        verify_split(records, asked.split, trusted=True)
    if asked.fold is None:
        return
    if asked.split not in (None, "train"):
        raise FoldsError(f"No such fold. Only train has folds. Received: fold={asked.fold}")
    require_fold(records, asked.fold)
