"""How scores meet labels, drawn: confusion matrix, ROC, precision and recall, reliability."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from sklearn import calibration, metrics

from all_tf.metrics.weighted import NUM_BINS
from all_tf.plots.style import ACCENT, COLOUR_OF_CLASS, FAINT, QUIET, blank, open_axes, unit_square

_NAME_OF_CLASS = {1: "ALL", 0: "HEM"}


def draw_confusion(labels: np.ndarray, decisions: np.ndarray) -> Figure:
    """How many cells of each class were called what, and which share of the class that is.

    Args:
        labels: int `(n,)` in {0, 1}; both occur.
        decisions: int `(n,)` in {0, 1}.
    """
    counts = metrics.confusion_matrix(labels, decisions, labels=list(_NAME_OF_CLASS))
    shares = counts / counts.sum(axis=1, keepdims=True)
    figure = blank(3.6, 3.4)
    axes = figure.subplots()
    for row, label in enumerate(_NAME_OF_CLASS):
        for column, share in enumerate(shares[row]):
            tint = {"facecolor": COLOUR_OF_CLASS[label], "alpha": 0.05 + 0.5 * share}
            axes.add_patch(Rectangle((column - 0.49, row - 0.49), 0.98, 0.98, **tint))
            axes.text(column, row, f"{counts[row, column]:,}", ha="center", fontsize=17)
            axes.text(column, row + 0.2, f"{100 * share:.1f} %", ha="center", fontsize=10)
    axes.set(xlim=(-0.5, 1.5), ylim=(1.5, -0.5), aspect="equal", xlabel="called", ylabel="is")
    axes.set_xticks((0, 1), _NAME_OF_CLASS.values())
    axes.set_yticks((0, 1), _NAME_OF_CLASS.values())
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure


def draw_roc(labels: np.ndarray, scores: np.ndarray, *, threshold: float, area: str) -> Figure:
    """Sensitivity over the share of false alarms, at every threshold; a dot at the chosen one.

    Args:
        labels: int `(n,)` in {0, 1}; both occur.
        scores: float `(n,)`, those that the threshold is for.
        threshold: A score at or above it is called ALL.
        area: The area under the curve as it is to be read, its interval included.
    """
    false_alarms, sensitivity, _ = metrics.roc_curve(labels, scores)
    figure = blank(4.2, 4.2)
    axes = figure.subplots()
    axes.plot((0, 1), (0, 1), **FAINT)
    axes.plot(false_alarms, sensitivity, color=ACCENT, linewidth=2, label=f"area {area}")
    called = scores >= threshold
    at = np.mean(called[labels == 0]), np.mean(called[labels == 1])
    _mark(axes, at, threshold)
    unit_square(axes, x="1 - specificity (HEM called ALL)", y="sensitivity (ALL called ALL)")
    axes.legend(loc="lower right", frameon=False, fontsize=9)
    return figure


def draw_precision_recall(
    labels: np.ndarray, scores: np.ndarray, *, threshold: float, area: str
) -> Figure:
    """Precision over sensitivity for the disease, at every threshold; a dot at the chosen one.

    Args:
        labels, scores, threshold: As `draw_roc` takes them.
        area: The average precision as it is to be read, its interval included.
    """
    precision, sensitivity, _ = metrics.precision_recall_curve(labels, scores)
    figure = blank(4.2, 4.2)
    axes = figure.subplots()
    axes.axhline(np.mean(labels), **FAINT)
    # As steps: between two thresholds there is nothing to go along.
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
    unit_square(axes, x="sensitivity (ALL called ALL)", y="precision (called ALL that is ALL)")
    axes.legend(loc="lower left", frameon=False, fontsize=9)
    return figure


def draw_reliability(labels: np.ndarray, scores_by_name: Mapping[str, np.ndarray]) -> Figure:
    """The share of ALL among cells of about one score, and beneath how many cells have it.

    Args:
        labels: int `(n,)` in {0, 1}.
        scores_by_name: Kinds of score by their names, each float `(n,)` in [0, 1]. The last is the
            one that counts: it stands out, and histograms are of it.
    """
    figure = blank(4.2, 5.2)
    axes, below = figure.subplots(2, 1, height_ratios=(4, 1), sharex=True)
    axes.plot((0, 1), (0, 1), **FAINT)
    *others, last = scores_by_name
    looks = dict.fromkeys(others, QUIET) | {last: {"color": ACCENT, "linewidth": 2}}
    for name, scores in scores_by_name.items():
        shares, means = calibration.calibration_curve(labels, scores, n_bins=NUM_BINS)
        axes.plot(means, shares, marker="o", label=name, **looks[name])
    unit_square(axes, x="", y="share that is ALL")
    axes.legend(loc="upper left", frameon=False)
    for label, name in _NAME_OF_CLASS.items():
        below.hist(
            scores_by_name[last][labels == label],
            bins=NUM_BINS,
            range=(0, 1),
            color=COLOUR_OF_CLASS[label],
            alpha=0.55,
            label=name,
        )
    open_axes(below, x="score: how likely ALL, says the network", y="cells")
    below.legend(frameon=False, fontsize=8)
    return figure


def _mark(axes: Axes, at: tuple[float, float], threshold: float) -> None:
    label = f"threshold {threshold:.2f}"
    axes.plot(*at, "o", color="black", markersize=7, label=label, zorder=3)
