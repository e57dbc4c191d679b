"""What of an image is held against the training set, and what is said where it is unlike that."""

import json

import numpy as np
import pytest
from PIL import Image, ImageFilter

from all_tf.data.training_range import (
    RANGE_FEATURES,
    RANGE_FILE,
    measure_image,
    name_departures,
    read_range,
    write_range,
)
from all_tf.runs.folder import RunError
from tfrecords.codec.png import encode_png
from tfrecords.synthetic.cells import draw_cell


def draw(seed: int) -> Image.Image:
    return Image.fromarray(draw_cell(np.random.default_rng(seed), label=seed % 2))


@pytest.fixture(scope="module")
def ranges(tmp_path_factory):
    run = tmp_path_factory.mktemp("run")
    write_range(run, [encode_png(draw(seed)) for seed in range(30)])
    assert json.loads((run / RANGE_FILE).read_text())["num_images"] == 30
    return read_range(run)


def rectangle(height, width, colour, *, side=450) -> Image.Image:
    pixels = np.zeros((side, side, 3), np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    pixels[top : top + height, left : left + width] = colour
    return Image.fromarray(pixels)


def test_features_of_a_rectangle_are_those_it_was_drawn_with():
    features = measure_image(rectangle(100, 140, (90, 30, 60)))
    assert features == {
        "area": 14_000,
        "side": 140,
        "red": 90,
        "green": 30,
        "blue": 60,
        "fine_structure": 0,
        "frame": 0,
        "outside": 0,
        "cut": 0,
    }
    assert set(features) == set(RANGE_FEATURES)
    large = measure_image(rectangle(100, 500, 80, side=600))
    assert (large["area"], large["side"], large["cut"]) == (45_000, 450, 5_000)
    assert measure_image(rectangle(450, 450, 80))["frame"] == 1
    two = rectangle(100, 100, 80)
    two.putpixel((3, 3), (1, 0, 0))
    assert measure_image(two)["outside"] == 1
    assert set(measure_image(rectangle(0, 0, 0)).values()) == {0.0}


def test_blur_takes_fine_structure_away():
    sharp = draw(7)
    blurred = sharp.filter(ImageFilter.GaussianBlur(2))
    assert measure_image(blurred)["fine_structure"] < 0.7 * measure_image(sharp)["fine_structure"]


def grow(image):
    return image.resize((1000, 1000))


def shrink(image):
    return image.resize((180, 180))


def tint(image):
    return Image.eval(image, lambda value: min(255, 2 * value))


def put_on_white(image):
    pixels = np.array(image)
    pixels[(pixels == 0).all(axis=-1)] = 255
    return Image.fromarray(pixels)


@pytest.mark.parametrize(
    ("change", "kind"),
    [(grow, "size"), (shrink, "size"), (tint, "colour"), (put_on_white, "background")],
)
def test_image_unlike_the_training_set_is_named_for_what_it_is_unlike_in(change, kind, ranges):
    texts = [name_departures(measure_image(change(draw(seed))), ranges) for seed in range(100, 105)]
    assert all(any(text.startswith(f"{kind}: ") for text in each) for each in texts)


def test_images_like_the_training_set_are_rarely_warned_of(ranges):
    warned = [bool(name_departures(measure_image(draw(seed)), ranges)) for seed in range(200, 220)]
    assert np.mean(warned) < 0.3  # The range of only 30 images is narrower than theirs.


def test_warning_says_what_was_found_and_what_was_usual():
    ranges = dict.fromkeys(RANGE_FEATURES, (0.0, 1e9)) | {"area": (10_300.0, 49_000.0)}
    features = dict.fromkeys(RANGE_FEATURES, 1.0) | {"area": 60_000.0}
    assert name_departures(features, ranges) == ["size: area 60,000 px (training 10,300 to 49,000)"]
    assert name_departures(features | {"area": 49_000.0}, ranges) == []


def test_range_that_is_missing_is_none_and_a_damaged_one_is_refused(tmp_path):
    assert read_range(tmp_path) is None
    for text in ("{", "[]", '{"ranges": {"area": [1, 2]}}', '{"ranges": 3}'):
        (tmp_path / RANGE_FILE).write_text(text)
        with pytest.raises(RunError, match="training_range.json is damaged"):
            read_range(tmp_path)
