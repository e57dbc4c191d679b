"""Images to look at: fields with outlined cells, and sheets of cut cells."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw
from skimage.segmentation import find_boundaries

_KEPT, _LEFT_OUT = (0, 200, 0), (230, 120, 0)  # Outlines of cells that are cut, and of others.
_TILE, _COLUMNS = 150, 8  # Pixels; tiles a row.
_CAPTION = 14  # Pixels.
CELLS_A_SHEET = _COLUMNS * 12


def outlined(pixels: np.ndarray, labels: np.ndarray, kept: Sequence[int]) -> Image.Image:
    """Draw a field with the outlines and the numbers of its cells: green if cut, else orange.

    Args:
        pixels: uint8 `(height, width, 3)`.
        labels: uint16 `(height, width)`, 0 background.
        kept: Numbers of the cells that are cut out.
    """
    drawn = pixels.copy()
    lines = find_boundaries(labels, mode="thick")
    drawn[lines] = _LEFT_OUT
    drawn[lines & np.isin(_spread(labels), kept)] = _KEPT
    image = Image.fromarray(drawn)
    pen = ImageDraw.Draw(image)
    for number in np.setdiff1d(labels, 0):
        rows, columns = np.nonzero(labels == number)
        place = (int(columns.min()), max(int(rows.min()) - _CAPTION, 0))
        pen.text(place, str(number), fill=_KEPT if number in kept else _LEFT_OUT)
    return image


def _spread(labels: np.ndarray) -> np.ndarray:
    """Give the pixels around each cell its number."""
    spread = labels.copy()
    for axis, step in ((0, 1), (0, -1), (1, 1), (1, -1)):
        moved = np.roll(labels, step, axis)
        spread = np.where(spread == 0, moved, spread)
    return spread


def contact_sheet(cells: Sequence[tuple[np.ndarray, str]]) -> Image.Image:
    """Draw cells in rows, each with the name of its file below it.

    Args:
        cells: At most `CELLS_A_SHEET`: uint8 `(150, 150, 3)` of `thumbnail`, and a caption.
    """
    num_rows = -(-len(cells) // _COLUMNS)
    sheet = Image.new("RGB", (_COLUMNS * _TILE, num_rows * (_TILE + _CAPTION)), (40, 40, 40))
    pen = ImageDraw.Draw(sheet)
    for place, (image, caption) in enumerate(cells):
        row, column = divmod(place, _COLUMNS)
        corner = (column * _TILE, row * (_TILE + _CAPTION))
        sheet.paste(Image.fromarray(image), corner)
        shown = caption if len(caption) <= 24 else f"{caption[:8]}..{caption[-14:]}"
        text = shown.encode("ascii", "replace").decode("ascii")  # What Pillow's font has.
        pen.text((corner[0] + 2, corner[1] + _TILE), text, fill=(230, 230, 230))
    return sheet


def thumbnail(cell: np.ndarray) -> np.ndarray:
    """Return a cell at a third of its size, uint8 `(150, 150, 3)`."""
    return np.asarray(Image.fromarray(cell).reduce(cell.shape[0] // _TILE))
