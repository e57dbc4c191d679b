"""Red cells of a field, whose size tells the scale of the picture."""

import numpy as np
from scipy import ndimage
from skimage.filters import threshold_otsu
from skimage.measure import label, regionprops
from skimage.morphology import h_maxima
from skimage.segmentation import clear_border

from all_tf.fields.nuclei import nuclear_mask

_FAINTEST, _DARKEST = 0.12, 0.5  # Bounds of the density that separates red cells from the ground.
_LEAST_DIAMETER = 8  # Pixels.
_MOST_PIECES = 2_000  # Of a field; noise has more.
_DEPTH = 0.1  # How much deeper than its surroundings the middle of a red cell lies in a heap.
_CIRCLE_INSIDE = 0.91  # Diameter of the largest circle inside a red cell, by that of its area.


def red_cell_diameters(density: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Measure red cells that lie alone and round, and those in heaps by circles inside them.

    Args:
        density: float32 `(height, width, 3)`.

    Returns:
        Two float64 `(n,)`, diameters in pixels of the circle with a red cell's area. The first is
        exact, but crowded fields have few such cells; the second is rough (8 % between fields).
    """
    strength = np.linalg.norm(density, axis=2)
    nuclei = ndimage.binary_dilation(nuclear_mask(density), iterations=3)
    others = strength[~nuclei & (strength > _FAINTEST / 2)]
    if len(others) < 50:
        return np.empty(0), np.empty(0)
    limit = np.clip(threshold_otsu(others), _FAINTEST, _DARKEST)
    stained = ndimage.binary_fill_holes((strength > limit) | nuclei)
    pieces = label(clear_border(stained))
    pieces[np.isin(pieces, np.unique(pieces[nuclei]))] = 0
    alone = [piece.equivalent_diameter_area for piece in regionprops(pieces) if _is_whole(piece)]
    return np.array(alone), _in_heaps(stained & ~nuclei)


def _is_whole(piece) -> bool:
    return (
        piece.equivalent_diameter_area >= _LEAST_DIAMETER
        and piece.solidity > 0.94
        and piece.axis_minor_length > 0.8 * piece.axis_major_length
    )


def _in_heaps(stained: np.ndarray) -> np.ndarray:
    """Return the diameters of the largest circles in a mask, one for each of its deep places."""
    inside = np.pad(stained, 1, constant_values=True)  # A cell at the edge goes on beyond it.
    depth = ndimage.distance_transform_edt(inside)[1:-1, 1:-1]
    peaks, count = ndimage.label(h_maxima(depth, _DEPTH * depth.max()))
    if not 0 < count < _MOST_PIECES:
        return np.empty(0)
    deepest = ndimage.maximum(depth, peaks, np.arange(1, count + 1))
    return 2 * deepest[deepest >= _LEAST_DIAMETER / 2] / _CIRCLE_INSIDE
