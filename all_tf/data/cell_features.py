"""Simple features of a cell on black: size, colour and border; numpy and scipy only."""

import numpy as np
from scipy import ndimage

_NUM_RINGS = 3  # One pixel wide, from the edge inwards; published cells fade over 1-2 pixels.
_CHANNELS = ("red", "green", "blue")

CELL_FEATURES: dict[str, tuple[str, ...]] = {
    "size": ("area", "diameter", "height", "width"),
    "colour": tuple(f"{figure}_{channel}" for figure in ("mean", "sd") for channel in _CHANNELS),
    "border": (
        *(f"ring{ring}_{channel}" for ring in range(1, _NUM_RINGS + 1) for channel in _CHANNELS),
        "outside",
    ),
}


def cell_mask(image: np.ndarray) -> np.ndarray:
    """Return the mask of the largest connected piece that is not black; a published cell is one.

    Args:
        image: uint8 `(height, width, 3)`.

    Returns:
        bool `(height, width)`; all false if the image is black.
    """
    mask = foreground(image)
    pieces, num_pieces = ndimage.label(mask, np.ones((3, 3)))  # Diagonal neighbours are connected.
    if num_pieces > 1:
        mask = pieces == np.bincount(pieces.ravel())[1:].argmax() + 1
    return mask


def foreground(images: np.ndarray) -> np.ndarray:
    """Return the mask of pixels that are not black.

    Args:
        images: `(..., height, width, 3)`.

    Returns:
        bool `(..., height, width)`.
    """
    # `any` over an axis of length 3 takes ten times as long as three comparisons.
    return (images[..., 0] > 0) | (images[..., 1] > 0) | (images[..., 2] > 0)


def box_of_colour(image: np.ndarray) -> tuple[slice, slice]:
    """Return the rows and columns of the smallest box that holds all that is not black.

    Args:
        image: uint8 `(height, width, 3)`, not all black.
    """
    mask = foreground(image)
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def cell_features(image: np.ndarray) -> dict[str, float]:
    """Return every feature of `CELL_FEATURES` by name, of one cell at native scale.

    Size: the area in pixels, the diameter of the circle of that area, and the sides of the bounding
    box. Colour: the mean and the standard deviation of each channel inside the cell. Border: the
    mean colour of the three outermost rings of pixels, and the number of pixels outside the cell
    that are not black. A ring that a small cell lacks has colour 0.

    Args:
        image: uint8 `(height, width, 3)`, a cell on black.
    """
    mask = cell_mask(image)
    if not mask.any():
        return dict.fromkeys((name for names in CELL_FEATURES.values() for name in names), 0.0)
    box = ndimage.find_objects(mask.view(np.uint8))[0]
    outside = int(foreground(image).sum() - mask.sum())
    mask, image = mask[box], image[box].astype(np.float64)
    pixels = image[mask]  # (area, 3)
    # A cell that reaches the edge of the image ends there, hence the padding.
    depth = ndimage.distance_transform_cdt(np.pad(mask, 1), "chessboard")[1:-1, 1:-1]
    rings = [_mean_colour(image[depth == ring]) for ring in range(1, _NUM_RINGS + 1)]
    values = (
        (len(pixels), np.sqrt(4 * len(pixels) / np.pi), *mask.shape),
        (*pixels.mean(axis=0), *pixels.std(axis=0)),
        (*np.ravel(rings), outside),
    )
    return {
        name: float(value)
        for names, group in zip(CELL_FEATURES.values(), values, strict=True)
        for name, value in zip(names, group, strict=True)
    }


def _mean_colour(pixels: np.ndarray) -> np.ndarray:
    return pixels.mean(axis=0) if len(pixels) else np.zeros(3)
