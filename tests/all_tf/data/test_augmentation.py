"""Augmentation by name: seeded, equal eagerly and in a graph, black left black."""

import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from all_tf.config import choices
from all_tf.config.experiment import View
from all_tf.data.augmentation import OPERATIONS, build_augment
from all_tf.data.mixup import MIXES
from tests.conftest import ROOT

VIEW = View(crop=450, canvas=48, output=42)
LABELS = tf.constant(np.arange(8).reshape(8, 1) % 2, tf.float32)
EVERY_NAME = pytest.mark.parametrize("name", choices.AUGMENTATIONS)


@pytest.fixture(scope="module")
def canvases():
    """Eight smooth cells, uint8, off the centre and unlike their mirror images."""
    y, x = np.mgrid[:48, :48]
    disc = (np.hypot(x - 22, y - 26) < 15)[None, :, :, None]
    shade = 60 + x + 0.5 * y + np.arange(8)[:, None, None]
    shade = np.stack([shade, shade / 2, shade / 1.5], axis=-1)
    return tf.constant((disc * shade).astype(np.uint8))


def applied(chosen, canvases, *, seed=0, step=0):
    """Images and labels, as arrays."""
    augment = build_augment(chosen, view=VIEW, seed=seed)
    return [np.asarray(out) for out in augment(canvases, LABELS, tf.constant(step))]


def repeated(name, image, count):
    """One operation on `count` times the same image."""
    augment = build_augment([name], view=VIEW, seed=0)
    images, _ = augment(tf.repeat(image[None], count, 0), tf.zeros((count, 1)), tf.constant(0))
    return np.asarray(images)


def test_augmentations_are_those_of_the_command_line():
    functions, words = (*OPERATIONS, *MIXES), choices.AUGMENTATIONS
    without_word, without_function = set(functions) - set(words), set(words) - set(functions)
    assert not without_word, "missing in AUGMENTATIONS of all_tf/config/choices.py"
    assert not without_function, "missing in OPERATIONS of all_tf/data/augmentation.py"
    assert functions == words  # In the order in which they are applied.


def test_no_operation_leaves_pixels_and_labels(canvases):
    images, labels = applied((), canvases)
    np.testing.assert_array_equal(images, canvases)
    np.testing.assert_array_equal(labels, LABELS)


@EVERY_NAME
def test_augmentation_is_equal_eagerly_and_in_a_graph(name, canvases):
    augment = build_augment([name], view=VIEW, seed=0)
    graph = tf.function(augment)
    for step in range(3):
        eager, labels = augment(canvases, LABELS, tf.constant(step))
        found, found_labels = graph(canvases, LABELS, tf.constant(step))
        np.testing.assert_allclose(found, eager, atol=0.01)
        np.testing.assert_allclose(found_labels, labels, atol=1e-6)
        assert found.shape == (8, *[42 if name == "random_crop" else 48] * 2, 3)


@EVERY_NAME
def test_augmentation_is_a_function_of_seed_and_step(name, canvases):
    first = applied([name], canvases, seed=1, step=5)
    for found, expected in zip(applied([name], canvases, seed=1, step=5), first, strict=True):
        np.testing.assert_array_equal(found, expected)
    assert np.any(first[0] != applied([name], canvases, seed=2, step=5)[0])
    assert np.any(first[0] != applied([name], canvases, seed=1, step=6)[0])


@EVERY_NAME
def test_images_keep_their_range_and_their_black_corners(name, canvases):
    bright = tf.cast(tf.minimum(3 * tf.cast(canvases, tf.int32), 255), tf.uint8)
    for step in range(4):
        images = applied([name], bright, step=step)[0]
        assert images.dtype == np.float32 and images.min() >= 0 and images.max() <= 255
        assert not images[:, [0, 0, -1, -1], [0, -1, 0, -1]].any() and images.any()


@pytest.mark.parametrize("name", OPERATIONS)
def test_operation_draws_for_each_image_and_leaves_the_labels(name, canvases):
    assert len({image.tobytes() for image in repeated(name, canvases[0], 64)}) > 1
    np.testing.assert_array_equal(applied([name], canvases)[1], LABELS)


@pytest.mark.parametrize("name", ["brightness", "contrast", "gamma"])
def test_recolouring_leaves_the_background_black_and_the_cell_changed(name, canvases):
    images, before = applied([name], canvases)[0], np.asarray(canvases)
    background = ~before.any(axis=-1)
    assert not images[background].any()
    assert np.abs(images - before)[~background].mean() > 0.5


@pytest.mark.parametrize(("name", "axis"), [("hflip", 1), ("vflip", 0)])
def test_flip_mirrors_about_half_of_the_images(name, axis, canvases):
    images = repeated(name, canvases[0], 200)
    plain = np.asarray(canvases[0], np.float32)
    flipped = [np.array_equal(image, np.flip(plain, axis)) for image in images]
    kept = [np.array_equal(image, plain) for image in images]
    assert np.all(np.logical_xor(flipped, kept))
    assert 70 < sum(flipped) < 130


def test_random_crop_is_a_window_of_the_canvas(canvases):
    crop = applied(["random_crop"], canvases)[0][0]
    canvas = np.asarray(canvases[0], np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(canvas, (42, 42), axis=(0, 1))
    differences = np.abs(windows.transpose(0, 1, 3, 4, 2) - crop).mean(axis=(2, 3, 4))
    # keras-cv samples by rounding, so that a row or column may stand twice.
    assert crop.shape == (42, 42, 3) and differences.min() < 1.5


def test_rotation_turns_about_the_centre_and_brings_in_black():
    images = repeated("rotate", tf.fill((48, 48, 3), tf.constant(200, tf.uint8)), 64)
    np.testing.assert_allclose(images[:, 20:28, 20:28], 200, atol=0.01)
    assert np.mean(images[:, 0, 0] == 0) > 0.8


def test_translation_reaches_a_fifth_of_the_side_in_all_directions_and_brings_in_black():
    # A lone bright pixel says where the image went.
    image = tf.scatter_nd([[24, 24]], [[240, 240, 240]], (48, 48, 3))
    weight = repeated("translate", tf.cast(image, tf.uint8), 400)[..., 0] / 240
    np.testing.assert_allclose(weight.sum(axis=(1, 2)), 1, atol=1e-3)
    for axis in (1, 2):
        places = weight.sum(axis=3 - axis) @ np.arange(48) - 24
        assert -9.6 <= places.min() < -9 and 9 < places.max() <= 9.6
        assert abs(places.mean()) < 1 and places.std() == pytest.approx(9.6 / 3**0.5, rel=0.1)
    filled = repeated("translate", tf.fill((48, 48, 3), tf.constant(200, tf.uint8)), 64)
    assert np.mean(filled == 0) == pytest.approx(1 - 0.9**2, abs=0.04)


def test_operations_follow_one_order_whatever_the_order_of_names(canvases):
    np.testing.assert_array_equal(
        applied(["gamma", "hflip"], canvases)[0], applied(["hflip", "gamma"], canvases)[0]
    )


_ON_JAX = """
import sys

import numpy as np
import tensorflow as tf

from all_tf.config import choices
from all_tf.data.augmentation import augment_batches, build_augment
from all_tf.config.experiment import View

folder, = sys.argv[1:]
canvases, labels = np.load(f"{folder}/canvases.npy"), np.load(f"{folder}/labels.npy")
batches = tf.data.Dataset.from_tensors((canvases, labels, np.ones(8, np.float32))).repeat(2)
for name in choices.AUGMENTATIONS:
    augment = build_augment([name], view=View(450, 48, 42), seed=0)
    found = augment_batches(batches, augment, first_step=5).as_numpy_iterator()
    for step, (images, mixed, _) in enumerate(found, start=5):
        np.savez(f"{folder}/{name}-{step}.npz", images=images, labels=mixed)
"""


@pytest.mark.slow
def test_input_of_jax_augments_as_the_step_of_tensorflow_does(canvases, tmp_path):
    np.save(tmp_path / "canvases.npy", canvases)
    np.save(tmp_path / "labels.npy", LABELS)
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-c", _ON_JAX, str(tmp_path)]
    subprocess.run(command, check=True, cwd=ROOT, env=environment)
    for name in choices.AUGMENTATIONS:
        for step in (5, 6):
            expected, labels = applied([name], canvases, step=step)
            found = np.load(tmp_path / f"{name}-{step}.npz")
            np.testing.assert_allclose(found["images"], expected, atol=0.01, err_msg=name)
            np.testing.assert_allclose(found["labels"], labels, atol=1e-6, err_msg=name)
