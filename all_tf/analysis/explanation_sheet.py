"""The picture of heat maps: a row a cell, one scale, and in words what each map shows."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from all_tf.analysis.explanation_checks import share_inside
from all_tf.data.cell_features import foreground
from all_tf.plots.cell_grid import draw_cells
from all_tf.plots.cell_images import brighten
from all_tf.plots.heat_overlay import HEAT_COLOURS, lay_over, scaled
from all_tf.system.tables import per_cent
from tfrecords.class_names import ClassNames
from tfrecords.store.files import atomic_write

_DOTS_AN_INCH = 130
_BRIGHTEST = 99.5  # Percentile of all maps at the end of the scale: one spot dims no other cell.
_BLANK, _FAINT = 0.05, 0.25  # Of the scale: a map whose hottest place is cooler looks so.
_READ = (
    "Grad-CAM: bright places add most to the score of a class\n"
    "A blank map: next to no evidence for that class in this cell\n"
    "Heat in the black background is not of the cell"
)
_SCALE = "what a place adds to the logit; one scale for all cells, no colour at 0"


class ExplainedCells(NamedTuple):
    """Cells with their heat maps; entry i of each field is of one cell."""

    images: np.ndarray  # (n, s, s, 3) in [0, 255].
    evidence: np.ndarray  # (n, h, w), above 0 for the positive class. All share one scale.
    random: np.ndarray  # Of a network with random weights, each map on a scale of its own.
    facts: Sequence[Mapping[str, Any]]  # `label`, `decision`, `score` and `why`.


def draw_sheet(path: Path, cells: ExplainedCells, *, classes: ClassNames, title: str) -> None:
    """Draw four pictures for each cell: image, evidence for each class, of a random network.

    Args:
        path: A PNG file, written over.
        cells: What is drawn, a row each.
        classes: The names of the classes.
        title: The set and its records.
    """
    images, evidence, random, facts = cells
    side, peak = images.shape[1], float(np.percentile(np.abs(evidence), _BRIGHTEST))
    # The half of the evidence that supports the random network's decision.
    random = random * np.sign(random.sum(axis=(1, 2), keepdims=True))
    shared = np.full(len(images), peak)
    heats = [enlarged(scaled(sign * evidence, shared), side) for sign in (1, -1)]
    of_random = enlarged(scaled(random, random.max(axis=(1, 2))), side)
    layers = [lay_over(images, heat) for heat in (*heats, of_random)]
    pictures = np.stack([brighten(images), *layers], axis=1).reshape(-1, side, side, 3)
    notes = [
        [_note(*pair) for pair in zip(heat, foreground(images), strict=True)] for heat in heats
    ]
    captions = [
        caption
        for cell, of_positive, of_negative in zip(facts, *notes, strict=True)
        for caption in (
            f"{cell['label']}, called {cell['decision']}, {cell['score']:.2f}\n{cell['why']}",
            f"for {classes.positive}\n{of_positive}",
            f"for {classes.negative}\n{of_negative}",
            "random weights,\nits own scale",
        )
    ]
    figure = draw_cells(pictures, captions, columns=4, title=f"{_READ}\n{title}")
    _add_scale(figure, peak)
    with atomic_write(path) as partial:
        figure.savefig(partial, dpi=_DOTS_AN_INCH, facecolor="white")


def enlarged(maps: np.ndarray, side: int) -> np.ndarray:
    """Maps `(n, h, w)` at the size of the images, `(n, side, side)`."""
    return tf.image.resize(maps[..., np.newaxis], (side, side)).numpy()[..., 0]


def _note(heat: np.ndarray, mask: np.ndarray) -> str:
    """What is to be known of a map `(s, s)` in [0, 1]: that it is blank or faint, or outside."""
    inside = share_inside(heat, mask)
    if inside is None or heat.max() < _BLANK:
        return "blank: next to none"
    faint = "faint; " if heat.max() < _FAINT else ""
    return f"{faint}{per_cent(1 - inside)} % in background"


def _add_scale(figure: Figure, peak: float) -> None:
    colours = ScalarMappable(Normalize(0, peak or 1), HEAT_COLOURS)
    bar = figure.colorbar(colours, ax=figure.axes, location="top", aspect=45, pad=0.005)
    bar.set_label(_SCALE, fontsize=8)
    bar.ax.tick_params(labelsize=8)
    bar.set_ticks(
        [0, (peak or 1) / 2, peak or 1], labels=["0", f"{peak / 2:.2g}", f"from {peak:.2g}"]
    )
