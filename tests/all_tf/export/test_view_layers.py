"""The view in layers of Keras is Pillow's in every pixel, and the project's but for roundings."""

import keras
import numpy as np
import pytest
from PIL import Image

from all_tf.config.experiment import View
from all_tf.data.image_decoding import decode_and_resize
from all_tf.export.view_layers import centred, triangle_weights, viewed
from tfrecords.codec.pictures import fit_center
from tfrecords.codec.png import encode_png
from tfrecords.synthetic.cells import draw_cell

VIEWS = [
    View(450, 300, 300),
    View(450, 224, 224),
    View(300, 128, 128),
    View(333, 100, 100),
    View(301, 32, 32),
    View(450, 600, 600),
    View(450, 450, 450),
    View(450, 114, 100),  # Of random crops: the canvas is larger.
]


def draw_images() -> np.ndarray:
    """A drawn cell, and noise up to the edges: uint8 `(2, 450, 450, 3)`."""
    rng = np.random.default_rng(5)
    noise = rng.integers(0, 256, (450, 450, 3)).astype(np.uint8)
    return np.stack([draw_cell(rng, label=1), noise])


def show(images: np.ndarray, view: View) -> np.ndarray:
    image = keras.Input((450, 450, 3))
    model = keras.Model(image, viewed(image, view, name="view"))
    return model.predict(images.astype("float32"), verbose=0)


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: "-".join(map(str, view.__dict__.values())))
def test_every_pixel_is_pillows(view):
    images = draw_images()
    edge, margin = (450 - view.crop) // 2, (view.canvas - view.output) // 2
    centre = slice(edge, edge + view.crop)
    window = slice(margin, margin + view.output)
    expected = [
        Image.fromarray(each[centre, centre]).resize((view.canvas,) * 2, Image.Resampling.BILINEAR)
        for each in images
    ]
    found = show(images, view)
    np.testing.assert_array_equal(
        found, np.stack([np.asarray(each)[window, window] for each in expected])
    )


@pytest.mark.parametrize("view", VIEWS[:4], ids=lambda view: str(view.canvas))
def test_pixels_are_those_of_prediction_but_for_a_grey_level_here_and_there(view):
    images = draw_images()
    found = show(images, view)
    boxes = decode_and_resize([encode_png(Image.fromarray(each)) for each in images], view)
    canvases = np.zeros((len(images), view.canvas, view.canvas, 3))
    for canvas, box in zip(canvases, boxes, strict=True):
        canvas[box.rows, box.columns] = box.pixels
    differences = np.abs(found - canvases)
    assert differences.max() <= 1 and np.count_nonzero(differences) <= 1e-3 * differences.size


def test_weights_of_a_row_are_whole_and_add_up():
    weights = triangle_weights(450, 224)
    assert weights.dtype == np.int64 and weights.min() == 0
    assert np.abs(weights.sum(axis=1) - 2**22).max() <= 4


@pytest.mark.parametrize(
    "sides", [(300, 300), (301, 299), (450, 451), (601, 449), (1, 7), (600, 600)]
)
def test_other_sides_are_centred_as_files_are(sides):
    images = np.random.default_rng(1).integers(0, 256, (2, *sides, 3)).astype(np.uint8)
    image = keras.Input((None, None, 3))
    model = keras.Model(image, centred(image))
    found = model.predict(images.astype("float32"), verbose=0)
    expected = [np.asarray(fit_center(Image.fromarray(each), 450)) for each in images]
    np.testing.assert_array_equal(found, np.stack(expected))
