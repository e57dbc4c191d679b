"""Images of cells as people look at them: their centre, brighter, and no brighter than white."""

import io

import numpy as np
from PIL import Image

from all_tf.plots.cell_images import brighten, cell_image


def test_centre_alone_is_shown_in_the_size_asked_for():
    pixels = np.zeros((9, 9, 3), np.uint8)
    pixels[3:6, 3:6] = 100
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    image = cell_image(file.getvalue(), crop=3, side=12)
    assert image.shape == (12, 12, 3) and image.dtype == np.uint8
    assert (image == brighten(np.uint8(100))).all() and image[0, 0, 0] > 100


def test_white_stays_white():
    assert brighten(np.full((2, 2, 3), 255)).max() == 255
