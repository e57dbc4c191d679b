"""Our PNGs are PNGs to everybody, and what is left out when they are read is black."""

import io

import deflate
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tfrecords.png import decode_box, encode_png

SIDE = 60
RNG = np.random.default_rng(0)
NOISE = RNG.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)


def cell(top: int, left: int, height: int, width: int) -> np.ndarray:
    """Noise on black; its outermost pixels are not black."""
    image = np.zeros((SIDE, SIDE, 3), np.uint8)
    image[top : top + height, left : left + width] = RNG.integers(1, 256, (height, width, 3))
    return image


IMAGES = {
    "inside": cell(10, 20, 30, 15),
    "one pixel": cell(30, 30, 1, 1),
    "upper left corner": cell(0, 0, 12, 9),
    "lower right corner": cell(40, 50, 20, 10),
    "everywhere": np.maximum(NOISE, 1),
    "bright and plain": np.full((SIDE, SIDE, 3), 200, np.uint8),
    "high and narrow": NOISE[:, :7].copy(),
    "only blue": NOISE * np.array([0, 0, 1], np.uint8),
}


def by_pillow(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("pixels", IMAGES.values(), ids=IMAGES)
def test_png_is_read_by_others_to_the_same_pixels(pixels):
    png = encode_png(Image.fromarray(pixels))
    with Image.open(io.BytesIO(png)) as image:
        image.verify()  # The checksums.
    np.testing.assert_array_equal(Image.open(io.BytesIO(png)), pixels)
    np.testing.assert_array_equal(tf.io.decode_png(png), pixels)


@pytest.mark.parametrize("margin", [0, 3, 1000])
@pytest.mark.parametrize("encode", [lambda pixels: encode_png(Image.fromarray(pixels)), by_pillow])
@pytest.mark.parametrize("pixels", IMAGES.values(), ids=IMAGES)
def test_box_is_all_that_is_not_black_and_the_margin(pixels, encode, margin):
    top, left, found = decode_box(encode(pixels), margin=margin)
    rows, columns = (np.flatnonzero(pixels.any(axis=axes)) for axes in ((1, 2), (0, 2)))
    assert top == max(rows[0] - margin, 0) and left == max(columns[0] - margin, 0)
    bottom, right = rows[-1] + 1 + margin, columns[-1] + 1 + margin
    np.testing.assert_array_equal(found, pixels[top:bottom, left:right])


@pytest.mark.parametrize("encode", [lambda pixels: encode_png(Image.fromarray(pixels)), by_pillow])
def test_box_of_a_black_image_is_empty(encode):
    assert decode_box(encode(np.zeros((SIDE, SIDE, 3), np.uint8)), margin=3).pixels.size == 0


def test_damaged_png_is_refused():
    png = bytearray(encode_png(Image.fromarray(IMAGES["inside"])))
    png[200] ^= 1
    with pytest.raises(deflate.DeflateError):
        decode_box(bytes(png))
