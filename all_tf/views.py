"""The eight ways in which a square image may lie under a microscope: one cell all the same."""

from collections.abc import Callable
from itertools import product

from keras import ops


def _see(transposed: bool, rows: int, columns: int) -> Callable:
    def see(images):
        if transposed:
            # As floats: of bytes oneDNN logs an error that is none.
            images = ops.transpose(ops.cast(images, "float32"), (0, 2, 1, 3))
        return images[:, ::rows, ::columns]

    return see


_AS_IT_LIES = _see(False, 1, 1)
# The dihedral group of the square: mirrored on the diagonal or not, then top down or not, then left
# to right or not. Each moves pixels and interpolates none.
VIEWS: dict[int, tuple[Callable, ...]] = {
    1: (_AS_IT_LIES,),
    8: tuple(_see(*way) for way in product((False, True), (1, -1), (1, -1))),
}
"""By `--tta`: functions from images `(b, s, s, c)` to images of that shape."""
