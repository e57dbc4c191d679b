"""What a command checks of the runs and records that it is given, before TensorFlow is loaded."""

from collections.abc import Sequence
from pathlib import Path

from all_tf.runs.folder import EvaluationSet, read_config, read_metrics
from all_tf.runs.members import runs_behind
from all_tf.runs.named_calibration import require_named
from tfrecords.store.folds import FoldsError, require_fold
from tfrecords.store.manifest import read_manifest, verify_split


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
