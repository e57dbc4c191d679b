"""Normalised cells have C-NMC's mean and contrast; the formula is checked against the paper."""

import numpy as np
import pytest

from all_tf.fields.stain import CNMC_MEAN, CNMC_SD, normalise_stain, to_lab
from tests.all_tf.fields.drawn_fields import disc, draw_field


def drawn_cell() -> np.ndarray:
    field = draw_field([(240, 320)])
    field[~disc(field.shape[:2], (240, 320), 42)] = 0
    return field


def test_mean_and_contrast_become_those_of_cnmc():
    cell = drawn_cell()
    values = to_lab(normalise_stain(cell)[cell.any(axis=2)])
    assert values.mean(axis=0) == pytest.approx(CNMC_MEAN, abs=0.03)
    assert values.std(axis=0) == pytest.approx(CNMC_SD, rel=0.4)


def test_black_stays_black_and_nothing_else_becomes_it():
    cell = drawn_cell()
    assert np.array_equal(normalise_stain(cell).any(axis=2), cell.any(axis=2))
    black = np.zeros((9, 9, 3), np.uint8)
    assert np.array_equal(normalise_stain(black), black)


def test_grey_is_nearly_free_of_colour():
    values = to_lab(np.full((1, 3), 128, np.uint8))[0]
    lms = 128 / 255 * np.array([0.9996, 0.9993, 0.9973])
    assert values[0] == pytest.approx(np.log10(lms).sum() / np.sqrt(3))
    assert values[1:] == pytest.approx([0, 0], abs=0.01)
