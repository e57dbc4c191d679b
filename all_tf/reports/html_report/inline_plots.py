"""The plots of a page as SVG, each with a caption that says what it shows."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure

from all_tf.metrics.formatting import with_interval
from all_tf.metrics.scored_set import ScoredSet
from all_tf.plots.curves import draw_precision_recall, draw_reliability, draw_roc
from all_tf.plots.learning_curves import CURVES, draw_curve
from all_tf.plots.patients import draw_patients
from all_tf.plots.style import as_svg
from all_tf.reports.run_facts import RunFacts
from all_tf.runs.folder import HISTORY_FILE, RunError
from all_tf.runs.records_label import records_label
from tfrecords.counted import counted
from tfrecords.names import legible


class Drawn(NamedTuple):
    """A plot in a page."""

    title: str
    caption: str
    svg: Markup


def inline(figure: Figure, *, title: str, caption: str) -> Drawn:
    """A plot for a page; no two plots of a page may have the same title."""
    label = legible(f"{title}. {caption}")
    return Drawn(title, caption, Markup(as_svg(figure, label=label)))


def curves(run: RunFacts) -> list[Drawn]:
    """F1, kappa and loss over the epochs; empty if the run has no history."""
    if not run.history:
        return []
    best = run.evaluated.report["best_epoch"]
    if best is None or best > len(run.history):
        raise RunError(f"{run.folder / HISTORY_FILE} has no epoch {best}, which was chosen.")
    drawn = []
    for key, name in CURVES.items():
        last = run.history[best - 1]
        caption = (
            f"{name} of epoch {best}, whose weights were kept: {float(last[key]):.3f} in training"
        )
        if f"val_{key}" in last:
            caption += f", {float(last[f'val_{key}']):.3f} on the selection set"
        if key != "loss":
            caption += "; both at a score of 0.5, before the threshold was chosen"
        figure = draw_curve(run.history, key, best_epoch=best)
        title = _titled(f"{name} by epoch", run.config)
        drawn.append(inline(figure, title=title, caption=f"{caption}."))
    return drawn


def ranking(scored: ScoredSet) -> list[Drawn]:
    """The ROC curve and the precision-recall curve."""
    report, predictions = scored.report, scored.predictions
    given = {
        "labels": predictions.labels,
        "scores": predictions.calibrated_scores,
        "threshold": report["threshold"],
        "classes": predictions.classes,
    }
    chance, positive = np.mean(predictions.labels), predictions.classes.positive
    area, precision = (f"{report[key]:.3f}" for key in ("auc", "average_precision"))
    roc = (
        f"Area {with_interval(report, 'auc')}. The dot is the threshold: "
        f"sensitivity {report['sensitivity']:.3f}, specificity {report['specificity']:.3f}."
    )
    recall = (
        f"Average precision {with_interval(report, 'average_precision')}; with random "
        f"scores it would be {chance:.3f}, the share of {positive} among these cells."
    )
    return [
        inline(draw_roc(**given, area=area), title=_titled("ROC curve", report), caption=roc),
        inline(
            draw_precision_recall(**given, area=precision),
            title=_titled("Precision-recall curve", report),
            caption=recall,
        ),
    ]


def reliability(scored: ScoredSet) -> Drawn:
    """Reliability diagram, of the scores before and after calibration if they were calibrated."""
    predictions = scored.predictions
    kinds = {"score": predictions.scores}
    if np.any(predictions.calibrated_scores != predictions.scores):
        kinds["calibrated score"] = predictions.calibrated_scores
    caption = (
        f"Cells in ten bins of the score: above, the share of {predictions.classes.positive} in "
        "each bin; below, the number of cells. "
        f"Brier score {with_interval(scored.report, 'brier')}."
    )
    figure = draw_reliability(predictions.labels, kinds, classes=predictions.classes)
    title = _titled("Reliability diagram", scored.report)
    return inline(figure, title=title, caption=caption)


def patient_strip(scored: ScoredSet) -> Drawn:
    """The score of every cell, by patient."""
    rows, predictions = scored.patients, scored.predictions
    scores_of = {
        row["pseudonym"]: predictions.calibrated_scores[predictions.patients == row["patient"]]
        for row in rows
    }
    figure = draw_patients(rows, scores_of, threshold=scored.report["threshold"])
    wrong = min(rows, key=lambda row: row["share_correct"])
    caption = (
        f"A tick for every cell of {counted(len(rows), 'patient')}. The worst is "
        f"{wrong['pseudonym']}, with {100 * wrong['share_correct']:.0f} % of "
        f"{counted(wrong['num_images'], 'cell')} called right."
    )
    return inline(figure, title=_titled("Scores by patient", scored.report), caption=caption)


def _titled(what: str, report: Mapping) -> str:
    """A title with the records that the plot is of."""
    return f"{what}, {records_label(report)}"
