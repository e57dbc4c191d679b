"""A grid of cell images, each with a caption below it."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from all_tf.plots.style import blank

_CELL_INCHES = 1.5
_CAPTION = 0.11  # Height of a line of 8 points, in cells.
_GAP = 0.06


def draw_cells(
    images: np.ndarray,
    captions: Sequence[str],
    *,
    columns: int = 8,
    title: str = "",
    points: float = 8,
) -> Figure:
    """Images in rows, each with its caption.

    Args:
        images: `(n, s, s, 3)` in [0, 255]; not empty.
        captions: One for each image. They are shown as they are, so they must name no patient.
        columns: Images in a row. The last row may have fewer.
        title: Above all of them; empty for none.
        points: Size of the captions; a figure that is shown smaller needs larger ones.
    """
    num_rows = -(-len(images) // columns)
    lines = 1 + max(caption.count("\n") for caption in captions)
    row_height = 1 + lines * _CAPTION * points / 8 + _GAP  # In cells, like all lengths below.
    figure = blank(columns * _CELL_INCHES, num_rows * row_height * _CELL_INCHES)
    if title:
        figure.suptitle(title, fontsize=9)
    axes = figure.subplots()
    axes.set_axis_off()
    for number, (image, caption) in enumerate(zip(images, captions, strict=True)):
        row, column = divmod(number, columns)
        top, end = row * row_height, column + 1 - _GAP
        pixels = np.rint(image).astype(np.uint8)
        axes.imshow(pixels, extent=(column, end, top + 1 - _GAP, top))
        at = (column + end) / 2, top + 1
        axes.text(*at, caption, fontsize=points, ha="center", va="top", linespacing=1.1)
    axes.set(xlim=(0, columns), ylim=(num_rows * row_height, 0), aspect="equal")
    return figure
