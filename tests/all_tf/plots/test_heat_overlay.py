"""Heat is seen where it is, and the cell where it is not."""

import numpy as np

from all_tf.plots.cell_images import brighten
from all_tf.plots.heat_overlay import lay_over, scaled


def test_cell_without_heat_is_grey_and_heat_shines_the_more_the_hotter_it_is():
    images = np.full((1, 2, 2, 3), (40, 20, 60), np.uint8)
    heat = np.array([[[0.0, 0.3], [0.7, 1.0]]])
    (picture,) = lay_over(images, heat)
    grey = brighten(images)[0, 0, 0].mean()
    assert len(set(picture[0, 0])) == 1 and abs(picture[0, 0, 0] - grey) <= 0.5
    light = picture.astype(float).sum(-1).ravel()
    assert (np.diff(light[1:]) > 0).all() and picture[1, 1, 0] > picture[1, 1, 2]


def test_each_map_is_scaled_to_its_own_peak_and_one_without_heat_stays_dark():
    heat = np.array([[[2.0, -4.0]], [[0.5, 0.25]], [[0.0, -1.0]]])
    expected = [[[0.5, 0.0]], [[1.0, 0.5]], [[0.0, 0.0]]]
    np.testing.assert_array_equal(scaled(heat, np.array([4, 0.5, 0])), expected)
