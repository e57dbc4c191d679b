"""Scored sets in TensorBoard: a curve for its PR plugin, and plots as images."""

from collections.abc import Iterator, Mapping

import tensorflow as tf
from matplotlib.figure import Figure
from tensorboard.plugins.pr_curve.summary import pb as pr_curve

from all_tf.metrics.formatting import with_interval
from all_tf.metrics.scored_set import ScoredSet
from all_tf.plots.curves import draw_confusion, draw_precision_recall, draw_reliability, draw_roc
from all_tf.plots.patients import draw_patients
from all_tf.plots.style import as_png
from all_tf.runs.folder import set_name
from all_tf.runs.records_label import records_label


def write_set(scored: ScoredSet, *, role: str) -> None:
    """Write the plots of a labelled set, with TensorFlow's current writer and step.

    Patients have pseudonyms.

    Args:
        scored: The set with its predictions.
        role: Role of the set in the run, the same word in every run.
    """
    predictions, role = scored.predictions, role_of_records(role, scored.report)
    curve = pr_curve(role, predictions.labels == 1, predictions.calibrated_scores)
    tf.summary.experimental.write_raw_pb(curve.SerializeToString())
    for name, figure in _figures(scored):
        write_picture(f"pictures, {role}/{name}", figure, title=title_of(scored.report))


def write_records_text(scored: ScoredSet, *, role: str) -> None:
    """Write a line that says which set of which records it is, with its classes and caveats."""
    negative, positive = scored.predictions.classes
    text = f"{title_of(scored.report)}; classes: {positive} (positive), {negative}"
    tf.summary.text(f"records, {role}", text)


def role_of_records(role: str, report: Mapping) -> str:
    """Return the role of a set with its records, for a tag: runs on others are not put beside."""
    return f"{role}, {records_label(report)}"


def write_picture(tag: str, figure: Figure, *, title: str, step: int | None = None) -> None:
    """Write a plot with TensorFlow's current writer.

    Args:
        tag: Name of the plot in TensorBoard.
        figure: The plot; the title is added to it.
        title: Title with all caveats.
        step: Step of the plot; None for the current one.
    """
    figure.suptitle(title, fontsize=9)
    tf.summary.image(tag, tf.io.decode_png(as_png(figure), channels=3)[tf.newaxis], step)


def title_of(report: dict) -> str:
    """Return a title for the plots of a report: its set, its epoch and all caveats."""
    stamps = "".join(f" [{stamp}]" for stamp in report["stamps"])
    return (
        f"{set_name(report['split'], report['fold'])} of {records_label(report)}, "
        f"epoch {report['best_epoch']}, threshold {report['threshold']:.3f}{stamps}"
    )


def _figures(scored: ScoredSet) -> Iterator[tuple[str, Figure]]:
    predictions, report = scored.predictions, scored.report
    labels, threshold = predictions.labels, report["threshold"]
    by_threshold = {
        "labels": labels,
        "scores": predictions.calibrated_scores,
        "threshold": threshold,
        "classes": predictions.classes,
    }
    classes = predictions.classes
    decisions = predictions.decisions(threshold)
    yield "confusion", draw_confusion(labels, decisions, classes=classes)
    yield "ROC", draw_roc(**by_threshold, area=_in_two_lines(report, "auc"))
    yield (
        "precision and recall",
        draw_precision_recall(**by_threshold, area=_in_two_lines(report, "average_precision")),
    )
    kinds = {"score": predictions.scores, "calibrated score": predictions.calibrated_scores}
    yield "reliability", draw_reliability(labels, kinds, classes=classes)
    scores_of = {
        row["pseudonym"]: predictions.calibrated_scores[predictions.patients == row["patient"]]
        for row in scored.patients
    }
    yield "patients", draw_patients(scored.patients, scores_of, threshold=threshold)


def _in_two_lines(report: dict, key: str) -> str:
    """Return a metric and, in a second line, its interval, so that both fit in a legend."""
    return with_interval(report, key).replace(" (", "\n(", 1)
