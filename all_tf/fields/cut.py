"""Cuts a white cell out of its field: on black, in the middle of 450 x 450 pixels."""

import numpy as np
from PIL import Image
from scipy import ndimage

from tfrecords.schema import IMAGE_SIDE

_AROUND = 4  # Pixels of the field kept around the cell while it is resized.


def cut_cell(pixels: np.ndarray, mask: np.ndarray, *, zoom: float = 1.0) -> np.ndarray | None:
    """Return the image of a cell as C-NMC has it, its pixels those of the field.

    Args:
        pixels: uint8 `(height, width, 3)`, the field.
        mask: bool `(height, width)`, the cell; not empty.
        zoom: Pixels of the image for one of the field. At 1 the pixels are copied, otherwise
            interpolated (bicubic, with antialiasing).

    Returns:
        uint8 `(450, 450, 3)`, the cell's centroid in the middle as far as it fits; None if the
        cell is larger.
    """
    rows, columns = ndimage.find_objects(mask.astype(np.uint8))[0]
    if max(rows.stop - rows.start, columns.stop - columns.start) * zoom > IMAGE_SIDE:
        return None
    around = tuple(
        slice(max(side.start - _AROUND, 0), side.stop + _AROUND) for side in (rows, columns)
    )
    cell, inside = pixels[around], mask[around]
    if zoom != 1:
        cell, inside = _resized(cell, inside, zoom)
    image = np.zeros((IMAGE_SIDE, IMAGE_SIDE, 3), np.uint8)
    places = np.argwhere(inside)
    if not len(places):
        return None
    low, high = places.min(axis=0), places.max(axis=0) + 1
    shift = IMAGE_SIDE // 2 - np.rint(places.mean(axis=0)).astype(int)
    shift = np.clip(shift, -low, IMAGE_SIDE - high)  # So that no part of the cell is lost.
    if (high - low).max() > IMAGE_SIDE:
        return None
    image[tuple((places + shift).T)] = cell[tuple(places.T)]
    return image


def _resized(cell: np.ndarray, inside: np.ndarray, zoom: float) -> tuple[np.ndarray, np.ndarray]:
    size = tuple(max(round(side * zoom), 1) for side in inside.shape[::-1])
    colours = Image.fromarray(cell).resize(size, Image.Resampling.BICUBIC)
    share = Image.fromarray(inside.astype(np.float32)).resize(size, Image.Resampling.BILINEAR)
    return np.asarray(colours), np.asarray(share) > 0.5
