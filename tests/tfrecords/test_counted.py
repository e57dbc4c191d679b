"""One thing is not called several."""

import pytest

from tfrecords.counted import counted


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "0 cells"), (1, "1 cell"), (2, "2 cells"), (15_114, "15,114 cells")],
)
def test_noun_agrees_with_the_number(number, words):
    assert counted(number, "cell") == words
