"""Sets have the same names wherever people read of them."""

import pytest

from all_tf.runs.set_words import set_in_words


@pytest.mark.parametrize(
    ("report", "words"),
    [
        ({"split": "train", "fold": 0, "selected_on": "train fold 0"}, "selection (train fold 0)"),
        ({"split": "train", "fold": 1, "selected_on": "train fold 0"}, "train fold 1"),
        ({"split": "validation", "fold": None}, "preliminary phase"),
        ({"split": "validation", "fold": None, "records_name": "Kyiv"}, "held out"),
        (
            {"split": "validation", "fold": None, "selected_on": "validation"},
            "selection (preliminary phase)",
        ),
        ({"split": "test", "fold": None, "selected_on": "train fold 0"}, "test"),
    ],
)
def test_set_is_called_by_its_use(report, words):
    assert set_in_words(report) == words
