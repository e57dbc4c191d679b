"""Cells side by side, a caption beneath each."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from all_tf.plots.style import blank

_CELL_INCHES = 1.5
_CAPTION = 0.11  # Height of a line, in cells.
_GAP = 0.06


def draw_cells(images: np.ndarray, captions: Sequence[str], *, columns: int = 8) -> Figure:
    """A picture with so many cells in a row.

    Args:
        images: `(n, s, s, 3)` in [0, 255]; not empty.
        captions: One for each; a name in them is a name in the picture.
        columns: Cells in a row; where there are fewer, the row is not filled.
    """
    num_rows = -(-len(images) // columns)
    lines = 1 + max(caption.count("\n") for caption in captions)
    row_height = 1 + lines * _CAPTION + _GAP  # In cells, as all that follows.
    figure = blank(columns * _CELL_INCHES, num_rows * row_height * _CELL_INCHES)
    axes = figure.subplots()
    axes.set_axis_off()
    for number, (image, caption) in enumerate(zip(images, captions, strict=True)):
        row, column = divmod(number, columns)
        top, end = row * row_height, column + 1 - _GAP
        pixels = np.rint(image).astype(np.uint8)
        axes.imshow(pixels, extent=(column, end, top + 1 - _GAP, top))
        at = (column + end) / 2, top + 1
        axes.text(*at, caption, fontsize=8, ha="center", va="top", linespacing=1.1)
    axes.set(xlim=(0, columns), ylim=(num_rows * row_height, 0), aspect="equal")
    return figure
