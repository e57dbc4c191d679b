"""Nuclei are numbered by cell."""

import numpy as np

from all_tf.fields.nuclei import find_nuclei, neighbours
from all_tf.fields.optical_density import ground_colour, optical_density
from tests.all_tf.fields.drawn_fields import MICRONS_PER_PIXEL, draw_field


def test_scale_by_nuclei_is_near_the_true_one():
    field = draw_field([(120, 150), (350, 400)])
    density = optical_density(field, ground_colour(field))
    nuclei, scale = find_nuclei(density, None)
    assert nuclei.max() == 2
    assert 0.5 < scale / MICRONS_PER_PIXEL < 2


def test_picture_without_nuclei_has_none_and_no_scale():
    nuclei, scale = find_nuclei(np.zeros((50, 50, 3), np.float32), None)
    assert not nuclei.any()
    assert scale is None


def test_neighbours_are_listed_nearest_first():
    pieces = np.zeros((10, 30), int)
    pieces[2:5, 2:5], pieces[2:5, 7:10], pieces[2:5, 16:19] = 1, 2, 3
    assert neighbours(pieces, 8) == [(1, 2), (2, 3)]
    assert neighbours(pieces, 3) == [(1, 2)]
