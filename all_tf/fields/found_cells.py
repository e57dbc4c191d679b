"""The white cells of one field: found, and cut out where they are whole."""

from typing import NamedTuple

import numpy as np
from skimage.measure import regionprops

from all_tf.fields.cut import cut_cell
from all_tf.fields.segment import segment_field
from all_tf.fields.stain import normalise_stain


class CellOfField(NamedTuple):
    """A white cell of a field."""

    number: int  # Its label.
    box: tuple[int, int, int, int]  # Top, left, bottom, right, in pixels of the field.
    area: int  # Pixels of the field.
    at_edge: bool  # Whether it touches the edge of the field.
    image: np.ndarray | None  # uint8 (450, 450, 3); None where it is at the edge or too large.


def find_cells(
    pixels: np.ndarray, *, microns_per_pixel: float | None, zoom: float, normalise: bool = False
) -> tuple[np.ndarray, list[CellOfField]]:
    """Find the cells of a field and cut them out.

    Args:
        pixels: uint8 `(height, width, 3)`.
        microns_per_pixel: Of the field; None if unknown.
        zoom: As `cut_cell` takes it.
        normalise: Whether the stain is brought to C-NMC's range.

    Returns:
        Labels uint16 `(height, width)`, 0 background, and the cells in their order.

    Raises:
        FieldError: The picture is no field of view.
    """
    labels = segment_field(pixels, microns_per_pixel=microns_per_pixel)
    return labels, [
        _found(cell, pixels, labels, zoom=zoom, normalise=normalise) for cell in regionprops(labels)
    ]


def _found(
    cell, pixels: np.ndarray, labels: np.ndarray, *, zoom: float, normalise: bool
) -> CellOfField:
    top, left, bottom, right = cell.bbox
    at_edge = min(top, left) == 0 or bottom == labels.shape[0] or right == labels.shape[1]
    image = None if at_edge else cut_cell(pixels, labels == cell.label, zoom=zoom)
    if normalise and image is not None:
        image = normalise_stain(image)
    return CellOfField(cell.label, cell.bbox, int(cell.area), at_edge, image)
