"""Decodes a picture that is to be packed as one cell; a whole field of view is refused."""

import numpy as np
from PIL import Image

from tfrecords.codec.bmp import BitmapError
from tfrecords.codec.pictures import decode_picture, fit_center
from tfrecords.schema import IMAGE_SIDE

_BLACKEST = 16  # Of 256. The compression of a JPEG leaves less of a black background.


def decode_cell(data: bytes) -> Image.Image:
    """Decode a picture of which only black lies outside the central 450 px, which are packed.

    Returns:
        An RGB image, as `decode_picture`.

    Raises:
        BitmapError: `decode_picture` refuses the file, or cropping would cut something off.
    """
    image = decode_picture(data)
    if lost := _count_lost(image):
        raise BitmapError(
            f"{lost:,} pixels beyond its central {IMAGE_SIDE} px are not black: a field of view, "
            "or a cell at another scale; cut the cells out with scripts/cut_cells.py, or resize "
            "the image to the scale of C-NMC"
        )
    return image


def _count_lost(image: Image.Image) -> int:
    """Count the pixels that are not black and that `fit_center` crops away."""
    if max(image.size) <= IMAGE_SIDE:
        return 0
    return _count_bright(image) - _count_bright(fit_center(image, IMAGE_SIDE))


def _count_bright(image: Image.Image) -> int:
    return int(np.count_nonzero(np.asarray(image).max(axis=-1) >= _BLACKEST))
