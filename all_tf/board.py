"""A run that has ended, in TensorBoard: its settings, its curves and pictures of what it said."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import tensorflow as tf
from matplotlib.figure import Figure
from tensorboard.plugins.pr_curve.summary import pb as pr_curve

from all_tf.config import Experiment
from all_tf.diagrams import draw_confusion, draw_precision_recall, draw_reliability, draw_roc
from all_tf.drawing import as_png
from all_tf.evaluation import Predictions
from all_tf.event_files import drop_events_of
from all_tf.figure_text import with_interval
from all_tf.hparams import write_session
from all_tf.patient_strip import draw_patients
from all_tf.per_patient import patient_rows
from all_tf.runs import set_name


class Scored(NamedTuple):
    """A set that a run was scored on."""

    role: str  # What the run did with it, the same word in every run.
    predictions: Predictions
    report: dict


def show_result(
    folder: Path, experiment: Experiment, scored: Sequence[Scored], *, name: str
) -> None:
    """Write what a run came to, in place of what an earlier process wrote of it.

    No patient is named and no file.

    Args:
        folder: Of the run's event files; those of its epochs lie further below.
        experiment: The run's.
        scored: The selection set, and the preliminary phase where there is one.
        name: Of the run.
    """
    drop_events_of(folder)
    writer = tf.summary.create_file_writer(str(folder))
    with writer.as_default(step=scored[0].report["best_epoch"]):
        write_session(experiment, {each.role: each.report for each in scored}, name=name)
        for each in scored:
            _write_curve(each)
            _write_pictures(each)
    writer.close()


def _write_curve(scored: Scored) -> None:
    predictions = scored.predictions
    curve = pr_curve(scored.role, predictions.labels == 1, predictions.calibrated_scores)
    tf.summary.experimental.write_raw_pb(curve.SerializeToString())


def _write_pictures(scored: Scored) -> None:
    for name, figure in _figures(scored.predictions, scored.report):
        write_picture(f"pictures, {scored.role}/{name}", figure, title=_title(scored.report))


def write_picture(tag: str, figure: Figure, *, title: str) -> None:
    """Write a figure, to the writer and at the step that are set.

    Args:
        tag: Its name in TensorBoard.
        figure: Which gets the title.
        title: What the figure is of, every stamp included.
    """
    figure.suptitle(title, fontsize=9)
    tf.summary.image(tag, tf.io.decode_png(as_png(figure), channels=3)[tf.newaxis])


def _title(report: dict) -> str:
    stamps = "".join(f" [{stamp}]" for stamp in report["stamps"])
    return f"{set_name(report['split'], report['fold'])}, epoch {report['best_epoch']}{stamps}"


def _figures(predictions: Predictions, report: dict) -> Iterator[tuple[str, Figure]]:
    labels, threshold = predictions.labels, report["threshold"]
    by_threshold = {
        "labels": labels,
        "scores": predictions.calibrated_scores,
        "threshold": threshold,
    }
    yield "confusion", draw_confusion(labels, predictions.decisions(threshold))
    yield "ROC", draw_roc(**by_threshold, area=with_interval(report, "auc"))
    yield (
        "precision and recall",
        draw_precision_recall(**by_threshold, area=with_interval(report, "average_precision")),
    )
    kinds = {"score": predictions.scores, "calibrated score": predictions.calibrated_scores}
    yield "reliability", draw_reliability(labels, kinds)
    rows = patient_rows(predictions, threshold=threshold)
    scores_of = {
        row["pseudonym"]: predictions.calibrated_scores[predictions.patients == row["patient"]]
        for row in rows
    }
    yield "patients", draw_patients(rows, scores_of, threshold=threshold)
