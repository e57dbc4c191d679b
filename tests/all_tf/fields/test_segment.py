"""White cells of drawn fields are found, split, outlined; red cells and platelets are not."""

import numpy as np
import pytest

from all_tf.fields import segment
from all_tf.fields.optical_density import FieldError
from all_tf.fields.segment import segment_field
from tests.all_tf.fields.drawn_fields import (
    CELL_RADIUS,
    MICRONS_PER_PIXEL,
    disc,
    draw_field,
    spread_red_cells,
)

SIZE = (480, 640)


def dice(one: np.ndarray, other: np.ndarray) -> float:
    """Return Dice's coefficient of two masks."""
    return 2 * (one & other).sum() / (one.sum() + other.sum())


def test_each_white_cell_is_found_with_its_cytoplasm():
    places = [(120, 150), (130, 450), (350, 300)]
    field = draw_field(places, red_cells=spread_red_cells(away_from=places))
    labels = segment_field(field, microns_per_pixel=MICRONS_PER_PIXEL)
    assert labels.dtype == np.uint16
    assert labels.max() == 3
    for place in places:
        cell = labels == labels[place]
        assert labels[place] > 0
        assert dice(cell, disc(SIZE, place, CELL_RADIUS)) > 0.95


def test_red_cells_that_touch_stay_outside():
    place = (240, 320)
    around = [(240, 254), (240, 386), (174, 320), (306, 320)]
    field = draw_field([place], red_cells=around + spread_red_cells(away_from=[place, *around]))
    labels = segment_field(field, microns_per_pixel=MICRONS_PER_PIXEL)
    assert labels.max() == 1
    assert dice(labels == 1, disc(SIZE, place, CELL_RADIUS)) > 0.95


def test_touching_cells_are_split():
    places = [(240, 280), (240, 280 + int(1.9 * CELL_RADIUS))]
    labels = segment_field(draw_field(places), microns_per_pixel=MICRONS_PER_PIXEL)
    assert labels.max() == 2
    for place in places:
        cell = labels == labels[place]
        assert dice(cell, disc(SIZE, place, CELL_RADIUS)) > 0.93


def test_cells_whose_nuclei_touch_are_split():
    places = [(240, 280), (240, 337)]
    labels = segment_field(draw_field(places), microns_per_pixel=MICRONS_PER_PIXEL)
    assert labels.max() == 2
    assert labels[places[0]] != labels[places[1]]


def test_lobes_of_one_nucleus_are_one_cell():
    field = draw_field([(240, 320)]).astype(float)
    middle = disc(SIZE, (240, 320), CELL_RADIUS - 2)
    field[middle] = (190, 175, 220)
    for place in ((225, 305), (225, 337), (258, 320)):
        field[disc(SIZE, place, 12)] = (95, 50, 140)
    labels = segment_field(field.astype(np.uint8), microns_per_pixel=MICRONS_PER_PIXEL)
    assert labels.max() == 1
    assert dice(labels == 1, disc(SIZE, (240, 320), CELL_RADIUS)) > 0.93


def test_red_cells_and_platelets_alone_are_no_white_cells():
    field = draw_field(red_cells=spread_red_cells(), platelets=[(82, 82), (160, 230), (300, 400)])
    assert not segment_field(field, microns_per_pixel=MICRONS_PER_PIXEL).any()


def test_cell_at_the_edge_has_a_number_too():
    labels = segment_field(draw_field([(10, 320)]), microns_per_pixel=MICRONS_PER_PIXEL)
    assert labels.max() == 1
    assert labels[0].any()


def test_nuclei_tell_the_scale_where_nothing_else_does():
    places = [(120, 150), (350, 400)]
    labels = segment_field(draw_field(places, platelets=[(240, 300)]), microns_per_pixel=None)
    assert labels.max() == 2


@pytest.mark.parametrize("colour", [(255, 255, 255), (230, 214, 220), (180, 180, 180)])
def test_empty_field_has_no_cells(colour):
    field = np.full((120, 160, 3), colour, np.uint8)
    assert not segment_field(field, microns_per_pixel=None).any()


def test_large_field_is_searched_in_a_smaller_copy(monkeypatch):
    monkeypatch.setattr(segment, "_MOST_PIXELS", 90_000)
    places = [(121, 150), (351, 403)]
    labels = segment_field(draw_field(places), microns_per_pixel=MICRONS_PER_PIXEL)
    assert labels.shape == SIZE
    assert labels.max() == 2
    assert dice(labels == labels[places[0]], disc(SIZE, places[0], CELL_RADIUS)) > 0.95


def test_cell_on_black_is_refused():
    field = draw_field([(240, 320)])
    field[~disc(SIZE, (240, 320), CELL_RADIUS)] = 0
    with pytest.raises(FieldError, match="no bright ground"):
        segment_field(field, microns_per_pixel=None)


def test_grey_picture_is_refused():
    field = draw_field([(240, 320)]).mean(axis=2, keepdims=True)
    with pytest.raises(FieldError, match="no colours"):
        segment_field(np.repeat(field, 3, axis=2).astype(np.uint8), microns_per_pixel=None)


def test_noise_is_refused():
    noise = np.random.default_rng(0).integers(0, 256, (400, 600, 3), dtype=np.uint8)
    with pytest.raises(FieldError, match="no empty ground"):
        segment_field(noise, microns_per_pixel=0.1)
