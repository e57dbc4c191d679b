"""Plots of a sweep: the score of each trial, in order and by each setting that was varied."""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from textwrap import fill
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from all_tf.plots.style import ACCENT, QUIET, blank, open_axes

_LOOKS: dict[str, dict[str, Any]] = {
    "completed": {"marker": "o", "color": ACCENT, "s": 28},
    "pruned": {"marker": "x", "color": "black", "alpha": 0.5, "s": 28},
}
_LETTERS_A_LINE = 20


def draw_trials(rows: Sequence[Mapping[str, Any]], *, score: str) -> Figure:
    """A mark for each trial at its number, from 0, and the best score so far as a line.

    Args:
        rows: `state` and `score` of each trial; those without a score are left out.
        score: The title of the axis.
    """
    figure = blank(3.6, 2.8)
    axes = figure.subplots()
    completed = [(n, row["score"]) for n, row in enumerate(rows) if row["state"] == "completed"]
    if completed:
        places, values = zip(*completed, strict=True)
        best = list(accumulate(values, max))
        axes.step(places, best, where="post", label="best so far", **QUIET)
    for state, look in _LOOKS.items():
        shown = [(n, row["score"]) for n, row in enumerate(rows) if _has(row, state)]
        if shown:
            axes.scatter(*zip(*shown, strict=True), label=state, **look)
    open_axes(axes, x="trial", y=score)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if any(_has(row, state) for row in rows for state in _LOOKS):
        figure.legend(loc="outside upper right", ncols=3, frameon=False, handlelength=1.2)
    return figure


def draw_setting(
    rows: Sequence[Mapping[str, Any]], name: str, *, score: str, log: bool = False
) -> Figure:
    """The score of each trial by one of its settings.

    Args:
        rows: `state`, `score` and the setting of each trial; those without a score are left out.
        name: Of the setting; values that are no numbers stand below each other, as words need room.
        score: The title of the axis.
        log: Whether the axis of the setting is logarithmic.
    """
    figure = blank(3.6, 2.8)
    axes = figure.subplots()
    held = [row[name] for row in rows if row.get(name) is not None]
    are_numbers = all(isinstance(each, int | float) and not isinstance(each, bool) for each in held)
    words = [] if are_numbers else list(dict.fromkeys(map(str, held)))
    for state, look in _LOOKS.items():
        shown = [
            (row["score"], words.index(str(row[name]))) if words else (row[name], row["score"])
            for row in rows
            if _has(row, state)
        ]
        if shown:
            axes.scatter(*zip(*shown, strict=True), **look)
    title = name.replace("_", " ")
    open_axes(axes, x=score if words else title, y=title if words else score)
    if log:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 3)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
    if words:
        axes.set_ylim(len(words) - 0.5, -0.5)
        axes.set_yticks(range(len(words)), map(_in_lines, words), parse_math=False)
    return figure


def _has(row: Mapping[str, Any], state: str) -> bool:
    return row["state"] == state and row["score"] is not None


def _in_lines(word: str) -> str:
    return fill(word.replace(",", ", "), _LETTERS_A_LINE)
