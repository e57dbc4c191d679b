"""GoogLeNet's size, shapes and pooling; `make test-parity` holds its numbers against PyTorch's."""

import keras
import numpy as np
import pytest

from builders.googlenet import ceil_max_pool, googlenet


def build(side: int) -> keras.Model:
    pixels = keras.Input((side, side, 3))
    return keras.Model(pixels, googlenet(pixels))


def slow_ceil_max_pool(maps: np.ndarray, size: int) -> np.ndarray:
    """Windows begin at every second row while they begin inside and some row is left over."""
    starts = [0]
    while starts[-1] + size < len(maps) and starts[-1] + 2 < len(maps):
        starts.append(starts[-1] + 2)
    return np.array(
        [[maps[y : y + size, x : x + size].max(axis=(0, 1)) for x in starts] for y in starts]
    )


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("side", range(3, 10))
def test_ceil_mode_pooling_equals_a_slow_loop(side, size):
    maps = np.random.default_rng(side).uniform(0, 1, (1, side, side, 2)).astype("float32")
    inputs = keras.Input(maps.shape[1:])
    model = keras.Model(inputs, ceil_max_pool(inputs, size, name="pool"))
    np.testing.assert_array_equal(model(maps)[0], slow_ceil_max_pool(maps[0], size))


def test_ceil_mode_pooling_keeps_height_and_width_apart():
    maps = keras.KerasTensor((None, 7, 8, 2))
    assert ceil_max_pool(maps, 3, name="pool").shape == (None, 3, 4, 2)


@pytest.mark.parametrize(("side", "expected"), [(15, 1), (100, 3), (200, 6), (224, 7), (225, 7)])
def test_feature_map_has_the_side_that_pytorch_gives(side, expected):
    assert googlenet(keras.Input((side, side, 3))).shape == (None, expected, expected, 1024)


def test_number_of_parameters_is_the_published_one():
    trainable = sum(int(np.prod(weight.shape)) for weight in build(32).trainable_weights)
    assert trainable + (1024 + 1) * 1000 == 6_624_904  # With a head of 1,000 classes.


def test_pixels_become_minus_one_to_one():
    model = build(32)
    scaled = keras.Model(model.input, model.get_layer("scaled").output)
    pixels = np.float32([0, 127.5, 255]).reshape(1, 1, 1, 3) * np.ones((1, 32, 32, 1), "float32")
    np.testing.assert_allclose(scaled(pixels)[0, 0, 0], [-1, 0, 1], atol=1e-6)
