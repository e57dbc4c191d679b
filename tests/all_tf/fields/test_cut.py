"""Cut cells keep their pixels, lie on black and in the middle."""

import numpy as np
import pytest

from all_tf.fields.cut import cut_cell
from tests.all_tf.fields.drawn_fields import disc, draw_field

SIZE = (480, 640)


def test_pixels_at_native_scale_are_those_of_the_field():
    field, mask = draw_field([(200, 300)]), disc(SIZE, (200, 300), 42)
    image = cut_cell(field, mask)
    assert image.shape == (450, 450, 3)
    rows, columns = np.nonzero(image.any(axis=2))
    shift = (rows.min() - np.nonzero(mask)[0].min(), columns.min() - np.nonzero(mask)[1].min())
    expected = np.zeros_like(image)
    places = np.argwhere(mask)
    expected[tuple((places + shift).T)] = field[mask]
    assert np.array_equal(image, expected)
    assert abs(rows.mean() - 225) <= 1
    assert abs(columns.mean() - 225) <= 1


@pytest.mark.parametrize("zoom", (0.5, 2.5))
def test_zoom_scales_the_cell(zoom):
    field, mask = draw_field([(200, 300)]), disc(SIZE, (200, 300), 42)
    area = cut_cell(field, mask, zoom=zoom).any(axis=2).sum()
    assert area == pytest.approx(mask.sum() * zoom**2, rel=0.04)


def test_cell_that_does_not_fit_is_left_out():
    mask = disc(SIZE, (240, 320), 100)
    assert cut_cell(draw_field(), mask, zoom=2.5) is None


def test_lopsided_cell_is_moved_so_that_all_of_it_is_kept():
    mask = disc(SIZE, (240, 120), 60)
    mask[238:243, 120:500] = True
    image = cut_cell(draw_field(), mask)
    assert image.any(axis=2).sum() == mask.sum()
