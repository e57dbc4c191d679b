"""Operations that move and recolour: seeded, equal eagerly and in a graph, black left black."""

import numpy as np
import pytest
import tensorflow as tf

from all_tf import names
from all_tf.augmentation import AUGMENTATIONS, build_augment
from all_tf.config import View

VIEW = View(crop=450, canvas=48, output=42)
LABELS = tf.constant(np.arange(8).reshape(8, 1), tf.float32)


@pytest.fixture(scope="module")
def canvases():
    """Eight smooth cells, uint8, off the centre and unlike their mirror images."""
    y, x = np.mgrid[:48, :48]
    disc = (np.hypot(x - 22, y - 26) < 15)[None, :, :, None]
    shade = 60 + x + 0.5 * y + np.arange(8)[:, None, None]
    shade = np.stack([shade, shade / 2, shade / 1.5], axis=-1)
    return tf.constant((disc * shade).astype(np.uint8))


def applied(names, canvases, *, seed=0, step=0):
    augment = build_augment(names, view=VIEW, seed=seed)
    images, labels = augment(canvases, LABELS, tf.constant(step))
    np.testing.assert_array_equal(labels, LABELS)
    return np.asarray(images)


def test_operations_are_those_of_the_command_line():
    assert tuple(AUGMENTATIONS) == names.AUGMENTATIONS


def test_no_operation_leaves_the_pixels(canvases):
    np.testing.assert_array_equal(applied((), canvases), canvases)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_operation_is_equal_eagerly_and_in_a_graph(name, canvases):
    augment = build_augment([name], view=VIEW, seed=0)
    eager, _ = augment(canvases, LABELS, tf.constant(3))
    graph, _ = tf.function(augment)(canvases, LABELS, tf.constant(3))
    np.testing.assert_allclose(eager, graph, atol=0.01)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_operation_is_a_function_of_seed_and_step(name, canvases):
    first = applied([name], canvases, seed=1, step=5)
    np.testing.assert_array_equal(first, applied([name], canvases, seed=1, step=5))
    assert np.any(first != applied([name], canvases, seed=2, step=5))
    assert np.any(first != applied([name], canvases, seed=1, step=6))


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_operation_draws_for_each_image_and_keeps_the_range(name, canvases):
    same = tf.repeat(canvases[:1], 64, axis=0)
    augment = build_augment([name], view=VIEW, seed=0)
    images = np.asarray(augment(same, tf.zeros((64, 1)), tf.constant(0))[0])
    assert len({image.tobytes() for image in images}) > 1
    assert images.dtype == np.float32 and images.min() >= 0 and images.max() <= 255


@pytest.mark.parametrize("name", ["brightness", "contrast", "gamma"])
def test_recolouring_leaves_the_background_black_and_the_cell_changed(name, canvases):
    images, before = applied([name], canvases), np.asarray(canvases)
    background = ~before.any(axis=-1)
    assert not images[background].any()
    assert np.abs(images - before)[~background].mean() > 0.5


@pytest.mark.parametrize(("name", "axis"), [("hflip", 1), ("vflip", 0)])
def test_flip_mirrors_about_half_of_the_images(name, axis, canvases):
    same = tf.repeat(canvases[:1], 200, axis=0)
    augment = build_augment([name], view=VIEW, seed=0)
    images = np.asarray(augment(same, tf.zeros((200, 1)), tf.constant(0))[0])
    plain = np.asarray(canvases[0], np.float32)
    flipped = [np.array_equal(image, np.flip(plain, axis)) for image in images]
    kept = [np.array_equal(image, plain) for image in images]
    assert np.all(np.logical_xor(flipped, kept))
    assert 70 < sum(flipped) < 130


def test_random_crop_is_a_window_of_the_canvas(canvases):
    crop = applied(["random_crop"], canvases)[0]
    canvas = np.asarray(canvases[0], np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(canvas, (42, 42), axis=(0, 1))
    differences = np.abs(windows.transpose(0, 1, 3, 4, 2) - crop).mean(axis=(2, 3, 4))
    # keras-cv samples by rounding, so that a row or column may stand twice.
    assert crop.shape == (42, 42, 3) and differences.min() < 1.5


def test_rotation_turns_about_the_centre_and_brings_in_black(canvases):
    bright = tf.fill((64, 48, 48, 3), tf.constant(200, tf.uint8))
    augment = build_augment(["rotate"], view=VIEW, seed=0)
    images = np.asarray(augment(bright, tf.zeros((64, 1)), tf.constant(0))[0])
    np.testing.assert_allclose(images[:, 20:28, 20:28], 200, atol=0.01)
    assert np.mean(images[:, 0, 0] == 0) > 0.8


def test_operations_follow_one_order_whatever_the_order_of_names(canvases):
    np.testing.assert_array_equal(
        applied(["gamma", "hflip"], canvases), applied(["hflip", "gamma"], canvases)
    )
