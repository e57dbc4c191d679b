"""A report as lines of text: the metrics of a set with intervals, its patients, its folds."""

from collections.abc import Mapping
from typing import Any

from all_tf.metrics.formatting import basis_of_intervals, with_interval
from all_tf.metrics.per_patient import fold_rows, patient_rows
from all_tf.metrics.predictions import Predictions
from all_tf.metrics.registry import shown_in
from all_tf.runs.folder import set_name
from all_tf.runs.records_label import records_label
from all_tf.system.tables import Column, markdown, per_cent, whole
from tfrecords.class_names import ClassNames
from tfrecords.names import legible

_SHOWN = tuple(shown_in("text", first=("f1", "kappa")))
_PATIENT_COLUMNS = (
    Column("patient", "pseudonym"),
    Column("images", "num_images", whole),
    Column("right", "share_correct", per_cent),
    Column("mean score", "mean_score", per_cent),
)


def format_report(report: Mapping[str, Any]) -> str:
    """The metrics of a report with their intervals, F1 and kappa first, below all its caveats."""
    heading = (
        f"{set_name(report['split'], report['fold'])}: {report['num_images']:,} images of "
        f"{report['num_patients']} patients, {_choice(report)} chosen on {report['selected_on']}"
        + (f", mean of {report['tta']} views" if report["tta"] > 1 else "")
        + "".join(f" [{stamp}]" for stamp in report["stamps"])
    )
    records = f"  records {records_label(report)}"
    threshold = (
        f"  threshold {report['threshold']:.3f}: {report['threshold_rule']} on "
        f"{report['calibrated_on']}"
    )
    if "f1" not in report:
        return _plain([heading, records, threshold, "  labels unpublished: predictions only"])
    shown = [key for key in _SHOWN if key in report]  # A run may be older than a metric.
    width = max(map(len, shown))
    return _plain(
        [
            heading,
            records,
            threshold,
            f"  intervals over patients: {basis_of_intervals(report)}",
            *(f"  {key.ljust(width)}  {with_interval(report, key)}" for key in shown),
            f"  worst patient: {report['worst_patient']}, "
            f"{per_cent(report['worst_patient_correct'])} % of its "
            f"{report['worst_patient_images']} images right",
            *([f"  {report['note']}"] if "note" in report else []),
        ]
    )


def _plain(lines: list[str]) -> str:
    """Lines for the screen, which no character of a file steers."""
    return legible("\n".join(lines), keep="\n")


def _choice(report: Mapping[str, Any]) -> str:
    if "members" in report:
        return f"mean of {len(report['members'])} networks, their epochs"
    return f"epoch {report['best_epoch']}"


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
        Column("AUC", "auc", per_cent),
    )
