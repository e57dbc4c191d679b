"""Images of cells as people look at them: cut to the centre and brightened."""

import io

import numpy as np
from PIL import Image

from tfrecords.codec.encoding import fit_center

_BRIGHTER = 1.8  # The brightest parts of a cell are hardly half as bright as white.


def brighten(images: np.ndarray) -> np.ndarray:
    """Images bright enough to be looked at, as uint8.

    Args:
        images: Of any shape, in [0, 255].
    """
    return np.clip(np.asarray(images, np.float64) * _BRIGHTER, 0, 255).astype(np.uint8)


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
