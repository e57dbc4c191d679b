"""What is measured of a cell is what a slow look at its pixels finds."""

import numpy as np
import pytest

from all_tf.data.cell_features import CELL_FEATURES, cell_features, cell_mask


def disc(radius: float, *, side: int = 64, centre: float = 31.5) -> np.ndarray:
    rows, columns = np.ogrid[:side, :side]
    return np.hypot(rows - centre, columns - centre) <= radius


def painted(mask, colour=(70, 30, 80)) -> np.ndarray:
    return (mask[..., None] * np.array(colour)).astype(np.uint8)


def test_size_is_that_of_the_drawn_disc_whatever_its_colour():
    values = cell_features(painted(disc(20), colour=(0, 0, 1)))  # Nearly black is not black.
    assert values["area"] == disc(20).sum()
    assert values["diameter"] == pytest.approx(40, abs=0.2)
    assert values["height"] == values["width"] == 40


def test_colour_is_taken_inside_the_cell_alone():
    mask = disc(20)
    image = painted(mask)
    image[mask] += np.random.default_rng(0).integers(0, 50, (mask.sum(), 3), np.uint8)
    values = cell_features(image)
    for channel, name in enumerate(("red", "green", "blue")):
        assert values[f"mean_{name}"] == pytest.approx(image[mask][:, channel].mean())
        assert values[f"sd_{name}"] == pytest.approx(image[mask][:, channel].std())


def slow_depth(mask: np.ndarray) -> np.ndarray:
    """How many times a pixel survives the loss of all pixels that touch the outside."""
    depth, left = np.zeros(mask.shape, int), np.pad(mask, 1)
    while left.any():
        depth += left[1:-1, 1:-1]
        near = [np.roll(left, (r, c), (0, 1)) for r in (-1, 0, 1) for c in (-1, 0, 1)]
        left = np.all(near, axis=0)
    return depth


@pytest.mark.parametrize("centre", [31.5, 12])  # The second reaches over two edges of the image.
def test_rings_lie_one_two_and_three_pixels_from_the_outside(centre):
    mask = disc(20, centre=centre)
    image = painted(mask)
    image[..., 0] = np.minimum(slow_depth(mask), 9) * 10
    values = cell_features(image)
    assert [values[f"ring{ring}_red"] for ring in (1, 2, 3)] == [10, 20, 30]
    assert values["ring1_blue"] == 80 and values["outside"] == 0


def test_speck_is_no_part_of_the_cell_and_counts_as_outside():
    image = painted(disc(20))
    image[2, 3:5] = 9
    values = cell_features(image)
    assert values["outside"] == 2 and values["height"] == 40
    np.testing.assert_array_equal(cell_mask(image), disc(20))


def test_pieces_that_touch_by_a_corner_are_one_cell():
    mask = np.zeros((8, 8), bool)
    mask[1:3, 1:3] = mask[3:6, 3:6] = True
    np.testing.assert_array_equal(cell_mask(painted(mask)), mask)


def test_black_image_and_single_pixel_have_every_feature_and_no_value_that_is_none():
    names = [name for group in CELL_FEATURES.values() for name in group]
    for shape in ((9, 9, 3), (0, 0, 3)):
        assert cell_features(np.zeros(shape, np.uint8)) == dict.fromkeys(names, 0)
    dot = cell_features(painted(disc(0, side=9, centre=4)))
    assert list(dot) == names and dot["area"] == 1 and dot["ring2_red"] == 0


def test_black_around_a_cell_changes_nothing():
    image = painted(disc(20))
    image[20:40, 20:40] = np.random.default_rng(0).integers(1, 99, (20, 20, 3))
    assert cell_features(image) == cell_features(np.pad(image, ((9, 70), (3, 0), (0, 0))))
