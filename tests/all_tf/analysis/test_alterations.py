"""What each alteration takes from a cell, and what it leaves as it was."""

import numpy as np
import pytest

from all_tf.analysis.alterations import fill_with_mean_colour, fill_with_one_colour, shuffle_patches
from tfrecords.synthetic.cells import draw_cell


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    rng = np.random.default_rng(5)
    cells = [draw_cell(rng, label=label)[::3, ::3] for label in (0, 1, 1)]
    return np.stack([*cells, np.zeros_like(cells[0])])  # The last is black.


def test_mean_colour_keeps_outline_and_mean_and_takes_all_texture(images):
    filled = fill_with_mean_colour(images)
    assert filled.dtype == np.uint8 and not filled[3].any()
    for before, after in zip(images[:3], filled[:3], strict=True):
        inside = before.any(axis=-1)
        np.testing.assert_array_equal(after.any(axis=-1), inside)
        assert len(np.unique(after[inside], axis=0)) == 1
        np.testing.assert_allclose(after[inside][0], before[inside].mean(axis=0), atol=0.5)


def test_silhouettes_have_one_colour_among_them(images):
    filled = fill_with_one_colour(images.astype(np.float32), colour=(70.5, 30, 80))
    assert filled.dtype == np.float32
    np.testing.assert_array_equal(filled.any(axis=-1), images.any(axis=-1))
    np.testing.assert_array_equal(np.unique(filled[filled.any(axis=-1)], axis=0), [[70.5, 30, 80]])


def test_shuffling_moves_whole_patches_and_loses_no_pixel(images):
    shuffled = shuffle_patches(images, rng=np.random.default_rng(0))
    for before, after in zip(images, shuffled, strict=True):
        counts = [np.unique(x.reshape(-1, 3), axis=0, return_counts=True) for x in (before, after)]
        for left, right in zip(*counts, strict=True):
            np.testing.assert_array_equal(left, right)
    assert not shuffled[3].any()
    assert np.mean(shuffled[:3] != images[:3]) > 0.1
    again = shuffle_patches(images, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(again, shuffled)


@pytest.mark.parametrize("box", [(0, 13), (5, 13), (1, 12), (3, 4)])  # Of 13, which 4 divides not.
def test_patches_fit_wherever_the_cell_lies(box):
    image = np.zeros((1, 13, 13, 3), np.uint8)
    rng = np.random.default_rng(1)
    image[:, slice(*box), slice(*box)] = rng.integers(1, 255, (box[1] - box[0],) * 2 + (3,))
    shuffled = shuffle_patches(image, rng=rng)
    assert sorted(shuffled.ravel()) == sorted(image.ravel())
