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
    assert (image == brighten(np.full((1, 1, 3), 100))).all() and image[0, 0, 0] > 100


def test_white_stays_white():
    assert brighten(np.full((2, 2, 3), 255)).max() == 255


def test_structure_of_a_bright_cell_is_not_washed_out():
    dark, bright = np.zeros((2, 20, 20, 3))
    dark[5:15, 5:15], dark[8:12, 8:12] = 60, 90
    bright[5:15, 5:15], bright[8:12, 8:12] = 210, 160
    both = brighten(np.stack([dark, bright]))
    assert both[0, 5, 5, 0] == 108 and both[0, 9, 9, 0] == 162
    assert both[1, 5, 5, 0] == 255 and both[1, 9, 9, 0] == 194
    assert (both[:, 0, 0] == 0).all()
