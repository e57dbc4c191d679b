"""Plot of patients: the scores of their cells, and the share that was called right."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from all_tf.plots.style import COLOUR_OF_CLASS, FAINT, blank, open_axes

_INCHES = 5.0  # Wide: its text can still be read on a phone.
_ROW_INCHES = 0.2
_HALF = 0.36  # Half the height of a tick, in rows.


def draw_patients(
    rows: Sequence[Mapping[str, Any]],
    scores_of: Mapping[str, np.ndarray],
    *,
    threshold: float,
) -> Figure:
    """A row for each patient, the positive class above, the highest mean score first.

    Args:
        rows: `pseudonym`, `label`, `num_images`, `share_correct`, `mean_score`. The plot names
            patients by their pseudonym only.
        scores_of: By pseudonym, the scores of the patient's cells, float `(n,)` in [0, 1].
        threshold: A score at or above it is called positive.
    """
    rows = sorted(rows, key=lambda row: (-row["label"], -row["mean_score"]))
    figure = blank(_INCHES, _ROW_INCHES * len(rows) + 1.3)
    strip, bars = figure.subplots(1, 2, sharey=True, width_ratios=(2, 1))
    strip.axvline(threshold, **FAINT, label=f"threshold {threshold:.2f}")
    _draw_ticks(strip, rows, scores_of)
    open_axes(strip, x="score of each cell", y="")
    figure.legend(loc="outside upper left", ncols=3, frameon=False, fontsize=8)
    strip.set_xlim(-0.02, 1.02)
    strip.set_ylim(len(rows) - 0.4, -0.6)
    strip.set_yticks(range(len(rows)), [row["pseudonym"] for row in rows], fontsize=8)
    _draw_shares(bars, rows)
    open_axes(bars, x="called right, of cells", y="")
    for axes in (strip, bars):
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0)
    return figure


def _draw_ticks(
    axes: Axes, rows: Sequence[Mapping[str, Any]], scores_of: Mapping[str, np.ndarray]
) -> None:
    for label, colour in COLOUR_OF_CLASS.items():
        names = {place: row["pseudonym"] for place, row in enumerate(rows) if row["label"] == label}
        ticks = [_ticks(scores_of[name], place) for place, name in names.items()]
        if ticks:  # One line with gaps takes 30 characters a tick in an SVG, many lines 150.
            look: dict[str, Any] = {"color": colour, "linewidth": 0.8, "alpha": 0.8}
            of_class = _class_of(next(iter(names.values())))
            axes.plot(*np.concatenate(ticks, axis=1), **look, label=of_class)


def _class_of(pseudonym: str) -> str:
    """The class with which a pseudonym begins: "ALL" of "ALL-06"."""
    return pseudonym.rsplit("-", 1)[0]


def _ticks(scores: np.ndarray, place: int) -> np.ndarray:
    """Points of a line with a vertical tick at each score and gaps between them: `(2, 3n)`."""
    x = np.repeat(scores, 3)
    x[2::3] = np.nan
    return np.stack([x, np.tile([place - _HALF, place + _HALF, np.nan], len(scores))])


def _draw_shares(axes: Axes, rows: Sequence[Mapping[str, Any]]) -> None:
    shares = [100 * row["share_correct"] for row in rows]
    colours = [COLOUR_OF_CLASS[row["label"]] for row in rows]
    drawn = axes.barh(range(len(rows)), shares, 0.7, color=colours)
    labels = [
        f"{share:.0f} % of {row['num_images']}" for share, row in zip(shares, rows, strict=True)
    ]
    axes.bar_label(drawn, labels, padding=2, fontsize=7)
    axes.set(xlim=(0, 230), xticks=(0, 50, 100))
