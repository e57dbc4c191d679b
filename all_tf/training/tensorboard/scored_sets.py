"""Scored sets in TensorBoard: a curve for its PR plugin, and plots as images."""

from collections.abc import Iterator, Mapping
from textwrap import fill

import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure
from tensorboard.plugins.pr_curve.summary import pb as pr_curve

from all_tf.metrics.formatting import with_interval
from all_tf.metrics.scored_set import ScoredSet
from all_tf.plots.curves import draw_confusion, draw_precision_recall, draw_reliability, draw_roc
from all_tf.plots.patients import draw_patients
from all_tf.plots.style import as_pixels
from all_tf.runs.records_label import records_label
from all_tf.runs.set_words import set_in_words

# TensorBoard shows every picture some 400 pixels wide: the wider it is, the larger its title.
_TITLE_POINTS_AN_INCH = 2.2
_LETTERS_A_LINE = 58  # Of that size.


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
        write_picture(f"pictures, result on {role}/{name}", figure, title=title_of(scored.report))


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
    width, height = figure.get_size_inches()
    wrapped, points = fill(title, _LETTERS_A_LINE), _TITLE_POINTS_AN_INCH * width
    figure.suptitle(wrapped, fontsize=points)
    figure.set_size_inches(width, height + wrapped.count("\n") * points / 60)
    tf.summary.image(tag, as_pixels(figure)[np.newaxis], step)


def title_of(report: dict) -> str:
    """Return a title for the plots of a report: its set, its epoch and all caveats."""
    stamps = "".join(f" [{stamp}]" for stamp in report["stamps"])
    return (
        f"{set_in_words(report)} of {records_label(report)}, "
        f"epoch {report['best_epoch']}, threshold {report['threshold']:.3f}{stamps}"
    )


def confusion_of(scored: ScoredSet) -> Figure:
    """The confusion matrix of a set, at its threshold."""
    predictions = scored.predictions
    decisions = predictions.decisions(scored.report["threshold"])
    return draw_confusion(predictions.labels, decisions, classes=predictions.classes)


def patients_of(scored: ScoredSet) -> Figure:
    """The scores of the cells of each patient, by pseudonym."""
    predictions = scored.predictions
    scores_of = {
        row["pseudonym"]: predictions.calibrated_scores[predictions.patients == row["patient"]]
        for row in scored.patients
    }
    return draw_patients(scored.patients, scores_of, threshold=scored.report["threshold"])


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
    yield "confusion matrix", confusion_of(scored)
    yield "ROC", draw_roc(**by_threshold, area=_in_two_lines(report, "auc"))
    yield (
        "precision and recall",
        draw_precision_recall(**by_threshold, area=_in_two_lines(report, "average_precision")),
    )
    kinds = {"score": predictions.scores, "calibrated score": predictions.calibrated_scores}
    yield "reliability", draw_reliability(labels, kinds, classes=classes)
    yield "patients", patients_of(scored)


def _in_two_lines(report: dict, key: str) -> str:
    """Return a metric and, in a second line, its interval, so that both fit in a legend."""
    return with_interval(report, key).replace(" (", "\n(", 1)
