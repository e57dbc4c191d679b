"""Bar chart of the study: the metrics measured here beside those that it reported."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import wrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from all_tf.config.published_results import Comparator
from all_tf.metrics.registry import shown_in
from tfrecords.store.files import atomic_write

_PANELS = {key: metric.plot_title or metric.short for key, metric in shown_in("study").items()}
_PANELS["kappa"] = "Cohen's kappa"  # In full: the chart is shown without a text.
# Colours of Okabe and Ito, which the colour-blind can distinguish, and which differ in grey.
_OURS, _THEIRS, _OTHERS = "#0072B2", "#E69F00", "#555555"
_ON_LINES = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}  # Labels that lines cross.
_INTERVAL = {"ecolor": "black", "elinewidth": 1.5}
_BAR = 0.38  # Of the distance between two rows.
_ROW_INCHES = 0.5
_LINE = 140  # Characters of the title that 12 inches hold.


def draw_study(
    path: Path,
    rows: Sequence[Mapping[str, Any]],
    *,
    title: str,
    comparators: Sequence[Comparator] = (),
) -> None:
    """Write the chart: a panel for each metric, a pair of bars for each row, in per cent.

    Args:
        path: Its ending names the format, as in matplotlib. An older file is replaced.
        rows: From top to bottom: `row`, and shares for `accuracy`, `f1`, `kappa`, for the ends of
            their intervals (`accuracy_low`, `accuracy_high` and so on), drawn as lines, and for
            `reported_accuracy` and so on. Intervals and reported values may be None.
        title: Says what the metrics were measured on.
        comparators: Those with an F1 are dashed lines in its panel, and listed below the chart.
    """
    comparators = [other for other in comparators if other.f1 is not None]
    caption = _caption(comparators)
    title = "\n".join(part for line in title.splitlines() for part in wrap(line, _LINE))
    lines_of_text = title.count("\n") + 1 + caption.count("\n") + 1
    height = _ROW_INCHES * len(rows) + 1.5 + 0.2 * lines_of_text
    figure = Figure(figsize=(12, height), dpi=120, facecolor="white", layout="constrained")
    figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    panels = figure.subplots(1, len(_PANELS), sharey=True)
    for panel, (key, name) in zip(panels, _PANELS.items(), strict=True):
        _draw_bars(panel, rows, key)
        panel.set_title(f"{name}, per cent", fontsize=10)
    for number, comparator in enumerate(comparators):
        panels[1].axvline(
            comparator.f1,
            color=_OTHERS,
            linestyle="--",
            linewidth=0.9,
            zorder=0,
            label="_" if number else "F1 that others published",
        )
    panels[0].set_yticks(range(len(rows)), [row["row"] for row in rows])
    panels[0].invert_yaxis()
    handles = {
        label: handle
        for panel in panels
        for handle, label in zip(*panel.get_legend_handles_labels(), strict=True)
    }
    figure.legend(handles.values(), handles, loc="outside lower right", frameon=False, fontsize=9)
    figure.supxlabel(caption, fontsize=8, color=_OTHERS, x=0.01, ha="left")
    with atomic_write(path) as partial:
        figure.savefig(partial)


def _draw_bars(panel: Axes, rows: Sequence[Mapping[str, Any]], key: str) -> None:
    for prefix, colour, label, shift in (
        ("", _OURS, "here", -_BAR / 2),
        ("reported_", _THEIRS, "reported in 2021", _BAR / 2),
    ):
        places = [n for n, row in enumerate(rows) if row.get(prefix + key) is not None]
        if not places:
            continue  # Empty bars would have an entry without colour in the legend.
        values = [100 * rows[n][prefix + key] for n in places]
        reaches = _reaches([rows[n] for n in places], prefix + key)
        bars = panel.barh(
            [n + shift for n in places],
            values,
            _BAR,
            color=colour,
            label=label,
            xerr=reaches,
            error_kw=_INTERVAL,
        )
        if reaches.any():
            panel.plot([], [], color=_INTERVAL["ecolor"], label="95 % interval over patients")
        panel.bar_label(bars, fmt="%.1f", padding=2, fontsize=8, bbox=_ON_LINES)
    lowest = 100 * min(row.get(f"{key}_low") or row[key] for row in rows)
    panel.set_xlim(lowest - 14 if lowest < 0 else 0, 112)  # Room for labels at either end.
    panel.set_xticks(range(0, 101, 20))
    panel.set_ylim(-0.6, len(rows) - 0.4)
    panel.axvline(0, color="black", linewidth=0.8)
    panel.spines[["top", "right", "left"]].set_visible(False)
    panel.tick_params(axis="y", length=0)


def _reaches(rows: Sequence[Mapping[str, Any]], key: str) -> np.ndarray:
    """The length of each interval below and above its metric, `(2, rows)`; 0 without one."""
    reaches = np.zeros((2, len(rows)))
    for column, row in enumerate(rows):
        if row.get(f"{key}_low") is not None:
            low, high = row[f"{key}_low"], row[f"{key}_high"]
            reaches[:, column] = 100 * max(0, row[key] - low), 100 * max(0, high - row[key])
    return reaches


def _caption(comparators: Sequence[Comparator]) -> str:
    if not comparators:
        return ""
    listed = [f"{other.f1:.1f} {other.work} ({other.tested_on})" for other in comparators]
    return "F1 that others published: " + ";\n".join(
        "; ".join(listed[n : n + 2]) for n in range(0, len(listed), 2)
    )
