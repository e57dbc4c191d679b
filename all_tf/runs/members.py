"""The runs that folders stand for: one run, a cross-validation's folds, an ensemble's members."""

from pathlib import Path

from all_tf.runs.checksums import unchanged
from all_tf.runs.cross_validation import fold_name
from all_tf.runs.fields import CROSS_VALIDATION
from all_tf.runs.folder import (
    CONFIG_FILE,
    CROSS_VALIDATION_FILE,
    METRICS_FILE,
    RunError,
    is_cross_validation,
    read_metrics,
)
from all_tf.runs.strict_reading import read_object


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
