"""The best star-shaped region is that of a search through all radii."""

from itertools import product

import numpy as np

from all_tf.fields.star_shape import _closed_path, best_star
from tests.all_tf.fields.drawn_fields import disc


def test_disc_of_positive_scores_is_found():
    truth = disc((101, 101), (50, 50), 30)
    found = best_star(np.where(truth, 1.0, -1.0), (47.0, 54.0), 60)
    assert (found ^ truth).sum() < 2 * np.pi * 30  # A pixel around the border.


def test_path_is_the_best_of_all_closed_ones():
    gain = np.random.default_rng(1).normal(size=(6, 5))
    path = _closed_path(gain)
    closed = [
        radii
        for radii in product(range(5), repeat=6)
        if all(abs(a - b) <= 2 for a, b in zip(radii, (*radii[1:], radii[0]), strict=True))
    ]
    totals = [sum(gain[angle, radius] for angle, radius in enumerate(radii)) for radii in closed]
    assert tuple(path) == closed[int(np.argmax(totals))]
