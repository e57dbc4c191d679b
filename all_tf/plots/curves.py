"""Plots of scores against labels: confusion matrix, ROC, precision-recall, reliability."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from sklearn import calibration, metrics

from all_tf.metrics.weighted import NUM_BINS
from all_tf.plots.style import ACCENT, COLOUR_OF_CLASS, FAINT, QUIET, blank, open_axes, unit_square
from tfrecords.class_names import CNMC_CLASSES, ClassNames

_LABELS = (1, 0)  # In the order of rows and legends.


def draw_confusion(
    labels: np.ndarray, decisions: np.ndarray, *, classes: ClassNames = CNMC_CLASSES
) -> Figure:
    """Confusion matrix: cells of each true class by the class they were called, with shares.

    Args:
        labels: int `(n,)` in {0, 1}; both occur.
        decisions: int `(n,)` in {0, 1}.
        classes: The names of the classes.
    """
    names = [classes[label] for label in _LABELS]
    counts = metrics.confusion_matrix(labels, decisions, labels=_LABELS)
    shares = counts / counts.sum(axis=1, keepdims=True)
    figure = blank(3.6, 3.4)
    axes = figure.subplots()
    for row, label in enumerate(_LABELS):
        for column, share in enumerate(shares[row]):
            tint = {"facecolor": COLOUR_OF_CLASS[label], "alpha": 0.05 + 0.5 * share}
            axes.add_patch(Rectangle((column - 0.49, row - 0.49), 0.98, 0.98, **tint))
            axes.text(column, row, f"{counts[row, column]:,}", ha="center", fontsize=17)
            axes.text(column, row + 0.2, f"{100 * share:.1f} %", ha="center", fontsize=10)
    axes.set(xlim=(-0.5, 1.5), ylim=(1.5, -0.5), aspect="equal", xlabel="called", ylabel="is")
    axes.set_xticks((0, 1), names)
    axes.set_yticks((0, 1), names)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure


def draw_roc(
    labels: np.ndarray,
    scores: np.ndarray,
    *,
    threshold: float,
    area: str,
    classes: ClassNames = CNMC_CLASSES,
) -> Figure:
    """ROC curve: sensitivity over 1 - specificity, with a dot at the chosen threshold.

    Args:
        labels: int `(n,)` in {0, 1}; both occur.
        scores: float `(n,)`, to which the threshold applies.
        threshold: A score at or above it is called positive.
        area: The area under the curve as the legend shows it, with its interval.
        classes: The names of the classes.
    """
    false_alarms, sensitivity, _ = metrics.roc_curve(labels, scores)
    figure = blank(4.2, 4.2)
    axes = figure.subplots()
    axes.plot((0, 1), (0, 1), **FAINT, label="chance")
    axes.plot(false_alarms, sensitivity, color=ACCENT, linewidth=2, label=f"area {area}")
    called = scores >= threshold
    at = np.mean(called[labels == 0]), np.mean(called[labels == 1])
    _mark(axes, at, threshold)
    negative, positive = classes
    unit_square(
        axes,
        x=f"1 - specificity ({negative} called {positive})",
        y=f"sensitivity ({positive} called {positive})",
    )
    axes.legend(loc="lower right", frameon=False, fontsize=9)
    return figure


def draw_precision_recall(
    labels: np.ndarray,
    scores: np.ndarray,
    *,
    threshold: float,
    area: str,
    classes: ClassNames = CNMC_CLASSES,
) -> Figure:
    """Precision over sensitivity for the positive class, with a dot at the chosen threshold.

    Args:
        labels, scores, threshold: As `draw_roc` takes them.
        area: The average precision as the legend shows it, with its interval.
        classes: The names of the classes.
    """
    precision, sensitivity, _ = metrics.precision_recall_curve(labels, scores)
    figure = blank(4.2, 4.2)
    axes = figure.subplots()
    axes.axhline(np.mean(labels), **FAINT, label="chance")
    # In steps: no threshold gives a point between two others.
    axes.step(
        sensitivity,
        precision,
        where="post",
        color=ACCENT,
        linewidth=2,
        label=f"average precision {area}",
    )
    called = scores >= threshold
    if np.any(called):
        _mark(axes, (np.mean(called[labels == 1]), np.mean(labels[called])), threshold)
    positive = classes.positive
    unit_square(
        axes,
        x=f"sensitivity ({positive} called {positive})",
        y=f"precision (called {positive} that is {positive})",
    )
    axes.legend(loc="lower left", frameon=False, fontsize=9)
    return figure


def draw_reliability(
    labels: np.ndarray,
    scores_by_name: Mapping[str, np.ndarray],
    *,
    classes: ClassNames = CNMC_CLASSES,
) -> Figure:
    """Reliability diagram: the share of positive cells in each bin of the score, over a histogram.

    Args:
        labels: int `(n,)` in {0, 1}.
        scores_by_name: Kinds of score by their names, each float `(n,)` in [0, 1]. The last is
            drawn in colour, and the histogram is of it.
        classes: The names of the classes.
    """
    figure = blank(4.2, 5.2)
    axes, below = figure.subplots(2, 1, height_ratios=(4, 1), sharex=True)
    axes.plot((0, 1), (0, 1), **FAINT, label="a probability")
    *others, last = scores_by_name
    looks: dict[str, dict[str, Any]] = dict.fromkeys(others, QUIET)
    looks[last] = {"color": ACCENT, "linewidth": 2}
    for name, scores in scores_by_name.items():
        shares, means = calibration.calibration_curve(labels, scores, n_bins=NUM_BINS)
        axes.plot(means, shares, marker="o", label=name, **looks[name])
    unit_square(axes, x="", y=f"share that is {classes.positive}")
    axes.legend(loc="upper left", frameon=False, fontsize=9)
    for label in _LABELS:
        below.hist(
            scores_by_name[last][labels == label],
            bins=NUM_BINS,
            range=(0, 1),
            color=COLOUR_OF_CLASS[label],
            alpha=0.55,
            label=classes[label],
        )
    open_axes(below, x=f"score: how likely {classes.positive}, says the network", y="cells")
    below.legend(frameon=False, fontsize=8)
    return figure


def _mark(axes: Axes, at: tuple[float, float], threshold: float) -> None:
    label = f"threshold {threshold:.2f}"
    axes.plot(*at, "o", color="black", markersize=7, label=label, zorder=3)
