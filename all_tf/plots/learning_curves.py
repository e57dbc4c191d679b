"""Learning curves: a metric of the training and the selection set, epoch by epoch."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from all_tf.metrics.registry import shown_in
from all_tf.plots.style import ACCENT, FAINT, blank, open_axes

CURVES = {  # The metrics that are plotted.
    key: metric.short for key, metric in shown_in("progress", first=("f1", "kappa")).items()
}
_QUIET: dict[str, Any] = {"color": "black", "alpha": 0.5, "markersize": 4}


def draw_curve(rows: Sequence[Mapping[str, Any]], key: str, *, best_epoch: int | None) -> Figure:
    """A line for the training set and one for the selection set; the best epoch is marked.

    Args:
        rows: The rows of history.csv, as text or as numbers; not empty.
        key: One of `CURVES`.
        best_epoch: Counted from 1; None if none has been chosen yet.
    """
    figure = blank(4.2, 3.2)
    axes = figure.subplots()
    epochs = [int(row["epoch"]) for row in rows]
    if best_epoch is not None:
        axes.axvline(best_epoch, **FAINT, linestyle=":", label="epoch kept")
    axes.plot(epochs, [float(row[key]) for row in rows], "--o", label="training", **_QUIET)
    if f"val_{key}" in rows[0]:  # Absent if no epoch is chosen.
        chosen_on = [float(row[f"val_{key}"]) for row in rows]
        axes.plot(epochs, chosen_on, "-o", color=ACCENT, markersize=4, label="selection set")
    open_axes(axes, x="epoch", y=CURVES[key])
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.legend(loc="outside upper right", ncols=3, frameon=False, fontsize=9)
    return figure
