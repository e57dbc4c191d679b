"""The plan says whether an honest score will be possible, and if not, why."""

from dataclasses import replace

import pytest

from all_tf.benchmarks.drawn_data import draw_data
from all_tf.config.presets import EXPERIMENTS
from all_tf.training.startup_text import _held_out

ROW = EXPERIMENTS["base_cnn"]


@pytest.fixture(scope="module")
def data():
    return draw_data(8, num_selection=4)


def test_held_out_patients_are_counted(data):
    said = _held_out(ROW, replace(data, held_out=data.selection))
    assert said == "2 ALL of 1 patient, 2 HEM of 1 patient; nothing is chosen on them"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "no preliminary phase, and no patients set aside"),
        ({"score_held_out": False}, "not opened (--no-held-out)"),
        ({"protocol": "study"}, "the score is optimistic"),
    ],
)
def test_missing_honest_score_has_its_reason(changes, words, data):
    assert words in _held_out(replace(ROW, **changes), data)
