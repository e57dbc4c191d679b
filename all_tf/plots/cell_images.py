"""Images of cells as people look at them: cut to the centre and brightened."""

import io

import numpy as np
from PIL import Image

from tfrecords.codec.encoding import fit_center

_BRIGHTER = 1.8  # The brightest parts of a cell of C-NMC are hardly half as bright as white.
_HIGHLIGHTS = 99  # The percentile of an image's values that is made no brighter than white.


def brighten(images: np.ndarray) -> np.ndarray:
    """Images bright enough to be looked at, as uint8.

    All dark images become brighter by one factor, so that they can be compared. Bright ones, such
    as cells of another stain, become so only until their highlights are white.

    Args:
        images: `(..., h, w, 3)` in [0, 255].
    """
    images = np.asarray(images, np.float64)
    highlights = np.percentile(images, _HIGHLIGHTS, axis=(-3, -2, -1), keepdims=True)
    factor = np.clip(255 / np.maximum(highlights, 1), 1, _BRIGHTER)
    return np.rint(np.clip(images * factor, 0, 255)).astype(np.uint8)


def cell_image(png: bytes | memoryview, *, crop: int, side: int) -> np.ndarray:
    """The centre of one image, resized and brightened: uint8 `(side, side, 3)`.

    Args:
        png: A PNG file.
        crop: The side of the centre that is shown, in pixels of the image.
        side: In pixels of the result.
    """
    with Image.open(io.BytesIO(png)) as file:
        image = fit_center(file.convert("RGB"), crop).resize((side, side))
    return brighten(np.asarray(image))
