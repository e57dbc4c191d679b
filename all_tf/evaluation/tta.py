"""Test-time augmentation: the eight orientations of a square image, which show the same cell."""

from collections.abc import Callable
from itertools import product

import numpy as np
from keras import ops


def _see(transposed: bool, rows: int, columns: int) -> Callable:
    def see(images):
        side, channels = images.shape[1], images.shape[3]
        places = np.arange(side * side).reshape(side, side)
        if transposed:
            places = places.T
        # `take` and no transpose: for a transpose of uint8, oneDNN logs an error without a cause.
        pixels = ops.reshape(images, (-1, side * side, channels))
        seen = ops.take(pixels, places[::rows, ::columns].ravel(), axis=1)
        return ops.reshape(seen, (-1, side, side, channels))

    return see


# The dihedral group of the square: each of transposing, flipping vertically and flipping
# horizontally, or not. Pixels are moved, never interpolated.
VIEWS: dict[int, tuple[Callable, ...]] = {
    1: (lambda images: images,),
    8: tuple(_see(*way) for way in product((False, True), (1, -1), (1, -1))),
}
"""By the value of `--tta`, functions from images `(b, s, s, c)` to images of that shape."""
