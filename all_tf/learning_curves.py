"""A training epoch by epoch: F1, kappa and loss of both its sets, and which epoch was kept."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from all_tf.drawing import ACCENT, FAINT, QUIET, blank, open_axes

_PANELS = {"f1": "F1", "kappa": "kappa", "loss": "loss"}


def draw_training(rows: Sequence[Mapping[str, object]], *, best_epoch: int | None) -> Figure:
    """A panel for each figure, a line for what was learnt from and one for what was chosen on.

    Args:
        rows: Of history.csv, as text or as numbers; not empty.
        best_epoch: Counted from 1; None where none was chosen yet.
    """
    figure = blank(9, 2.9)
    epochs = [int(row["epoch"]) for row in rows]
    panels = figure.subplots(1, len(_PANELS))
    for axes, (key, name) in zip(panels, _PANELS.items(), strict=True):
        if best_epoch is not None:
            axes.axvline(best_epoch, **FAINT, linestyle=":")
        axes.plot(epochs, [float(row[key]) for row in rows], "o", label="training", **QUIET)
        chosen_on = [float(row[f"val_{key}"]) for row in rows]
        axes.plot(epochs, chosen_on, "-o", color=ACCENT, label="selection set")
        open_axes(axes, x="epoch", y=name)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=2, frameon=False)
    return figure
