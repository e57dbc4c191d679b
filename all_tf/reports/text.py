"""Reports as lines of text: the result first, then metrics with intervals, patients, folds."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from all_tf.metrics.calibration import OF_MEMBERS
from all_tf.metrics.formatting import (
    basis_of_intervals,
    not_estimable,
    thousandths,
    with_interval,
)
from all_tf.metrics.per_patient import fold_rows, patient_rows
from all_tf.metrics.predictions import Predictions
from all_tf.metrics.registry import METRICS, shown_in
from all_tf.reports.result_words import epochs_in_words, result_sentence, result_warnings
from all_tf.runs.records_label import records_label
from all_tf.runs.set_words import set_in_words
from all_tf.system.script_command import script_command
from all_tf.system.tables import Column, markdown, per_cent, whole
from tfrecords.class_names import ClassNames
from tfrecords.counted import counted
from tfrecords.names import legible

_SHOWN = tuple(shown_in("text", first=("f1", "kappa")))
_PATIENT_COLUMNS = (
    Column("patient", "pseudonym"),
    Column("images", "num_images", whole),
    Column("right", "share_correct", per_cent),
    Column("mean score", "mean_score", per_cent),
)


def format_end(reports: Sequence[Mapping[str, Any]], run: Path) -> str:
    """What a training ends with: the honest result, then the details, then what to do next.

    Args:
        reports: As `all_tf.training.train.train` returns them: the set that was scored once is the
            last.
        run: The run's folder.
    """
    *others, result = reports
    commands = _next_commands(run, all_folds="best_epochs" in result)
    width = max(len(command) for command, _ in commands)
    return "\n".join(
        [
            format_report(result),
            *(_plain(_details(report)) for report in others),
            "Next:",
            *(f"  {command.ljust(width)}  # {what}" for command, what in commands),
        ]
    )


def _next_commands(run: Path, *, all_folds: bool) -> list[tuple[str, str]]:
    """What to do next with a run or a cross-validation, each command with its reason."""
    first = [(script_command("report.py", run), "a page to read and to hand on")]
    last = [(script_command("predict.py", run, "CELL.png"), "an answer for cells of your own")]
    if not all_folds:
        probe = (script_command("probe.py", run), "whether it knows more than the size of a cell")
        return [*first, probe, *last]
    return [
        (script_command("train.py", "--refit", run), "one network that learns from all folds"),
        *first,
        (script_command("review.py", run), "which labels may be wrong"),
        *last,
    ]


def format_report(report: Mapping[str, Any]) -> str:
    """A report: the result in a sentence and five figures, warnings in words, then all metrics."""
    if "f1" not in report:
        return _plain([*_about(report), "  labels unpublished: predictions only"])
    return _plain([*_result(report), *_details(report)])


def _result(report: Mapping[str, Any]) -> list[str]:
    headline = {key: metric.headline for key, metric in METRICS.items() if metric.headline}
    width = max(map(len, headline.values()))
    return [
        result_sentence(report),
        *(f"  {name.ljust(width)}  {_value(report, key)}" for key, name in headline.items()),
        *(f"  warning: {text}" for text in result_warnings(report)),
    ]


def _details(report: Mapping[str, Any]) -> list[str]:
    shown = [key for key in _SHOWN if key in report]  # A run may be older than a metric.
    missing = [key for key in shown if report[key] is None]
    width = max(map(len, shown))
    return [
        *_about(report),
        f"  intervals over patients: {basis_of_intervals(report)}",
        *(f"  {key.ljust(width)}  {_value(report, key)}" for key in shown if key not in missing),
        *([f"  {with_interval(report, missing[0])}: {', '.join(missing)}"] if missing else []),
        f"  worst patient: {report['worst_patient']}, "
        f"{per_cent(report['worst_patient_correct'])} % of its "
        f"{counted(report['worst_patient_images'], 'image')} right",
        *([f"  {report['note']}"] if "note" in report else []),
    ]


def _about(report: Mapping[str, Any]) -> list[str]:
    """Which set, of which records, with which threshold."""
    return [
        f"{set_in_words(report)}: {counted(report['num_images'], 'image')}"
        f"{_patients(report)}, {_choice(report)}"
        + (f", mean of {report['tta']} views" if report["tta"] > 1 else "")
        + "".join(f" [{stamp}]" for stamp in report["stamps"]),
        f"  records {records_label(report)}",
        f"  threshold {report['threshold']:.3f}: {_rule(report)}",
    ]


def _value(report: Mapping[str, Any], key: str) -> str:
    """A metric with its interval; the reason why a set has none is said once, not for each."""
    if report[key] is None:
        return "-"
    return thousandths(report[key]) if not_estimable(report) else with_interval(report, key)


def _plain(lines: list[str]) -> str:
    """Lines for the screen, which no character of a file steers."""
    return legible("\n".join(lines), keep="\n")


def _patients(report: Mapping[str, Any]) -> str:
    number = report["num_patients"]
    return f" of {counted(number, 'patient')}" if number else ", their patients unpublished"


def _choice(report: Mapping[str, Any]) -> str:
    """Which epoch, and what it was chosen on; of several networks all."""
    if "best_epochs" in report:
        return f"epochs {epochs_in_words(report)}, each chosen on its own fold"
    chosen_on = report["selected_on"]
    if "members" not in report:
        return f"epoch {report['best_epoch']} chosen on {chosen_on}"
    chosen = f"their epochs chosen on {chosen_on}"
    if "; " in chosen_on:  # As `listed` divides the sets of the members.
        chosen = "each with the epoch that was best on its own selection set"
    return f"mean of {len(report['members'])} networks, {chosen}"


def _rule(report: Mapping[str, Any]) -> str:
    if report["threshold_rule"] == OF_MEMBERS:
        return "mean of the networks' thresholds"
    return f"{report['threshold_rule']} on {report['calibrated_on']}"


def format_patients(predictions: Predictions, *, threshold: float) -> str:
    """A table of the patients by pseudonym, the worst first, and one of the folds if several.

    Args:
        predictions: Labelled, calibrated.
        threshold: In [0, 1].
    """
    tables = [markdown(patient_rows(predictions, threshold=threshold), _PATIENT_COLUMNS)]
    folds = fold_rows(predictions, threshold=threshold)
    if len(folds) > 1:
        tables.append(markdown(folds, _fold_columns(predictions.classes)))
    return "\n\n".join(tables)


def _fold_columns(classes: ClassNames) -> tuple[Column, ...]:
    return (
        Column("fold", "fold", whole),
        Column(f"{classes.positive} images", "num_images_all", whole),
        Column("groups", "num_groups_all", whole),
        Column(f"{classes.negative} images", "num_images_hem", whole),
        Column("groups", "num_groups_hem", whole),
        Column("F1", "f1", per_cent),
        Column("kappa", "kappa", per_cent),
        Column("accuracy", "accuracy", per_cent),
        Column("AUROC", "auc", per_cent),
    )
