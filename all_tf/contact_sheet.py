"""Cells side by side, a caption beneath each."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from all_tf.drawing import blank

_CELL_INCHES = 1.5
_CAPTION_INCHES = 0.16  # A line.


def draw_cells(images: np.ndarray, captions: Sequence[str], *, columns: int = 8) -> Figure:
    """A picture with so many cells in a row.

    Args:
        images: `(n, s, s, 3)` in [0, 255]; not empty.
        captions: One for each; a name in them is a name in the picture.
        columns: Cells in a row, where there are as many.
    """
    columns = min(columns, len(images))
    num_rows = -(-len(images) // columns)
    lines = 1 + max(caption.count("\n") for caption in captions)
    height = num_rows * (_CELL_INCHES + lines * _CAPTION_INCHES + 0.06)
    figure = blank(columns * _CELL_INCHES, height)
    places = figure.subplots(num_rows, columns, squeeze=False).ravel()
    for place in places:
        place.set_axis_off()
    for place, image, caption in zip(places, images, captions, strict=False):
        place.imshow(np.rint(image).astype(np.uint8))
        place.text(
            0.5, -0.03, caption, transform=place.transAxes, fontsize=8, ha="center", va="top"
        )
    return figure
