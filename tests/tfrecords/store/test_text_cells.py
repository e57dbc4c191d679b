"""Text that a spreadsheet would compute is written with an apostrophe, and comes back without."""

import pytest

from tfrecords.store.text_cells import cell_of_text, text_of_cell


@pytest.mark.parametrize("text", ["-7", "=1+1", "+49", "@a", "'-7", "''", "'", "P-7", "", "7"])
def test_text_comes_back_from_its_cell(text):
    cell = cell_of_text(text)
    assert text_of_cell(str(cell)) == text
    assert cell == (f"'{text}" if text[:1] in ("-", "=", "+", "@", "'") and text else text)


def test_what_is_no_text_is_unchanged():
    assert cell_of_text(-7) == -7 and cell_of_text(None) is None
