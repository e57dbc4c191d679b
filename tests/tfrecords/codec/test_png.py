"""Our PNGs are PNGs to everybody, and what is left out when they are read is black."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tfrecords.codec.bmp import BitmapError
from tfrecords.codec.png import decode_boxes, encode_png

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


def by_us(pixels: np.ndarray) -> bytes:
    return encode_png(Image.fromarray(pixels))


@pytest.mark.parametrize("pixels", IMAGES.values(), ids=IMAGES)
def test_png_is_read_by_others_to_the_same_pixels(pixels):
    png = by_us(pixels)
    with Image.open(io.BytesIO(png)) as image:
        image.verify()  # The checksums.
    np.testing.assert_array_equal(Image.open(io.BytesIO(png)), pixels)
    np.testing.assert_array_equal(tf.io.decode_png(png), pixels)


@pytest.mark.parametrize("margin", [0, 3, 1000])
@pytest.mark.parametrize("encode", [by_us, by_pillow])
@pytest.mark.parametrize("pixels", IMAGES.values(), ids=IMAGES)
def test_box_is_all_that_is_not_black_and_the_margin(pixels, encode, margin):
    ((top, left, found),) = decode_boxes([encode(pixels)], margin=margin)
    rows, columns = (np.flatnonzero(pixels.any(axis=axes)) for axes in ((1, 2), (0, 2)))
    assert top == max(rows[0] - margin, 0) and left == max(columns[0] - margin, 0)
    bottom, right = rows[-1] + 1 + margin, columns[-1] + 1 + margin
    np.testing.assert_array_equal(found, pixels[top:bottom, left:right])


@pytest.mark.parametrize("encode", [by_us, by_pillow])
def test_box_of_a_black_image_is_empty(encode):
    (box,) = decode_boxes([encode(np.zeros((SIDE, SIDE, 3), np.uint8))], margin=3)
    assert box.pixels.size == 0


def test_damaged_png_is_refused():
    png = bytearray(by_us(IMAGES["inside"]))
    png[200] ^= 1
    with pytest.raises(BitmapError, match="IDAT.* is wrong"):
        decode_boxes([bytes(png)])


def test_damaged_place_of_the_cell_is_not_believed():
    png = bytearray(by_us(IMAGES["inside"]))
    png[png.index(b"boXE") + 5] ^= 1
    with pytest.raises(BitmapError, match="boXE.* is wrong"):
        decode_boxes([bytes(png)])


def test_several_are_what_they_are_alone():
    pngs = [encode(IMAGES[name]) for name in IMAGES for encode in (by_pillow, by_us)]
    together = decode_boxes(pngs, margin=2)
    for png, box in zip(pngs, together, strict=True):
        (alone,) = decode_boxes([png], margin=2)
        assert box[:2] == alone[:2]
        np.testing.assert_array_equal(box.pixels, alone.pixels)
    assert decode_boxes([]) == []
