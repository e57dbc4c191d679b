"""The runs that folders stand for: one run, a cross-validation's folds, an ensemble's members."""

from collections.abc import Sequence
from itertools import combinations
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
    read_config,
    read_metrics,
)
from all_tf.runs.strict_reading import read_object
from tfrecords.class_names import are_turned, class_names_of


def runs_together(folders: Sequence[Path]) -> list[Path]:
    """The runs that folders stand for (`runs_behind`), of which several form an ensemble.

    Raises:
        RunError: A cross-validation or an ensemble is damaged or cannot be one.
    """
    runs = [run for folder in folders for run in runs_behind(folder)]
    return members_of(folders) if len(runs) > 1 else runs


def members_of(runs: Sequence[Path]) -> list[Path]:
    """The runs that form an ensemble (`runs_behind`).

    Raises:
        RunError: There are fewer than two, one is named twice, or what one calls positive another
            calls negative.
    """
    members = [member for run in runs for member in runs_behind(run)]
    if len(members) < 2 or len({member.resolve() for member in members}) < len(members):
        raise RunError(
            "An ensemble has two runs or more, each once. Received: " + ", ".join(map(str, members))
        )
    whole = [member for member in members if (member / CONFIG_FILE).is_file()]  # `load_run` checks.
    classes = [class_names_of(read_config(member)[1]) for member in whole]
    if any(are_turned(one, other) for one, other in combinations(classes, 2)):
        raise RunError(
            "The positive class of one run is the negative class of another, so that their logits "
            "mean opposite things. Choose runs of one positive class."
        )
    return members


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
