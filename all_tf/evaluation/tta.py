"""The eight ways in which a square image may lie under a microscope: one cell all the same."""

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
        # Gathered: of a transpose of bytes oneDNN logs an error that is none.
        pixels = ops.reshape(images, (-1, side * side, channels))
        seen = ops.take(pixels, places[::rows, ::columns].ravel(), axis=1)
        return ops.reshape(seen, (-1, side, side, channels))

    return see


# The dihedral group of the square: mirrored on the diagonal or not, then top down or not, then left
# to right or not. Each moves pixels and interpolates none.
VIEWS: dict[int, tuple[Callable, ...]] = {
    1: (lambda images: images,),
    8: tuple(_see(*way) for way in product((False, True), (1, -1), (1, -1))),
}
"""By `--tta`: functions from images `(b, s, s, c)` to images of that shape."""
