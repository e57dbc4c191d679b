"""Forest plot: a metric of several runs, each with its interval over patients."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from all_tf.plots.style import ACCENT, COLOUR_OF_CLASS, blank, open_axes

_ROW_INCHES = 0.32
_LETTER_INCHES = 0.085  # Of a run's name, left of the axes.
_MOST_LETTERS = 28


def draw_forest(rows: Sequence[Mapping[str, Any]], key: str, *, name: str) -> Figure:
    """A dot for each run, a line for its interval, an open diamond for what the study reported.

    Args:
        rows: From top to bottom: `run`, `KEY`, `KEY_low`, `KEY_high` (both None or absent if there
            is no interval), `reported_KEY` (None or absent if nothing was reported).
        key: Of the metric.
        name: The title of the axis.
    """
    names = [_short(str(row["run"])) for row in rows]
    figure = blank(3 + _LETTER_INCHES * max(map(len, names)), _ROW_INCHES * len(rows) + 1.2)
    axes = figure.subplots()
    reported = [(row.get(f"reported_{key}"), place) for place, row in enumerate(rows)]
    reported = [(value, place) for value, place in reported if value is not None]
    for place, row in enumerate(rows):
        if row.get(f"{key}_low") is not None:
            ends = (row[f"{key}_low"], row[f"{key}_high"])
            axes.plot(ends, (place, place), color=ACCENT, linewidth=2, solid_capstyle="butt")
            axes.lines[-1].set_label("_" if place else "95 % interval")
    values = [row[key] for row in rows]
    axes.plot(values, range(len(rows)), "o", color=ACCENT, markersize=7, label="here")
    if reported:
        look: dict[str, Any] = {
            "markerfacecolor": "none",
            "color": COLOUR_OF_CLASS[1],
            "markersize": 7,
        }
        axes.plot(*zip(*reported, strict=True), "D", **look, label="reported in 2021")
    if len(axes.get_legend_handles_labels()[1]) > 1:
        figure.legend(frameon=False, loc="outside upper right", ncols=3, fontsize=9)
    open_axes(axes, x=name, y="")
    axes.set_yticks(range(len(rows)), names, parse_math=False)  # A dollar sign starts no formula.
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="black", alpha=0.12, linewidth=0.8)
    return figure


def _short(name: str) -> str:
    return name if len(name) <= _MOST_LETTERS else f"{name[: _MOST_LETTERS - 1]}…"
