"""The scale comes from red cells, alone or in heaps, and from nothing else."""

import numpy as np
import pytest

from all_tf.fields import segment
from all_tf.fields.scale import measure_red_cells, scale_by_red_cells
from tests.all_tf.fields.drawn_fields import MICRONS_PER_PIXEL, draw_field, spread_red_cells

CELL = [(240, 320)]


def test_red_cells_that_lie_alone_tell_the_scale():
    field = draw_field(CELL, red_cells=spread_red_cells(away_from=CELL), platelets=[(82, 82)])
    scale = scale_by_red_cells([measure_red_cells(field)])
    assert scale.microns_per_pixel == pytest.approx(MICRONS_PER_PIXEL, rel=0.05)
    assert "alone" in scale.source


def test_red_cells_in_heaps_tell_it_roughly():
    rows = [(row, column) for row in (60, 400) for column in range(50, 600, 36)]
    scale = scale_by_red_cells([measure_red_cells(draw_field(CELL, red_cells=rows))])
    assert scale.microns_per_pixel == pytest.approx(MICRONS_PER_PIXEL, rel=0.15)
    assert "heaps" in scale.source


def test_fields_without_red_cells_have_no_scale():
    assert scale_by_red_cells([measure_red_cells(draw_field(CELL))]) is None


def test_platelets_are_no_red_cells():
    platelets = [(row, column) for row in range(20, 160, 30) for column in range(20, 600, 60)]
    field = draw_field(CELL, platelets=platelets)
    assert scale_by_red_cells([measure_red_cells(field)]) is None


def test_large_field_is_measured_in_its_own_pixels(monkeypatch):
    monkeypatch.setattr(segment, "_MOST_PIXELS", 90_000)
    field = draw_field(CELL, red_cells=spread_red_cells(away_from=CELL))
    scale = scale_by_red_cells([measure_red_cells(field)])
    assert scale.microns_per_pixel == pytest.approx(MICRONS_PER_PIXEL, rel=0.06)


def test_empty_field_has_no_scale():
    empty = np.full((100, 100, 3), 230, np.uint8)
    assert scale_by_red_cells([measure_red_cells(empty)]) is None
