"""The sheet of heat maps says why a map is blank, what lies outside the cell, and has one scale."""

import numpy as np
import pytest

from all_tf.analysis import explanation_sheet
from all_tf.analysis.explanation_sheet import ExplainedCells, draw_sheet
from tfrecords.class_names import CNMC_CLASSES

CELL = {"label": "ALL", "decision": "ALL", "score": 0.9, "why": "drawn at random"}


@pytest.fixture
def drawn(tmp_path, monkeypatch):
    """The pictures and captions of two cells, and the figure's texts."""
    images = np.zeros((2, 32, 32, 3), np.float32)
    images[:, 8:24, 8:24] = 100
    evidence = np.zeros((2, 4, 4), np.float32)
    evidence[0, 1:3, 1:3] = 2.0  # Inside the first cell, for ALL.
    evidence[0, 0, 0] = -0.01  # Next to nothing for HEM.
    evidence[1, 0, :] = -1.0  # In the black around the second one, for HEM.
    seen = {}
    real = explanation_sheet.draw_cells

    def draw(pictures, captions, **how):
        seen.update(pictures=pictures, captions=captions, figure=real(pictures, captions, **how))
        return seen["figure"]

    monkeypatch.setattr(explanation_sheet, "draw_cells", draw)
    random = np.ones_like(evidence)
    cells = ExplainedCells(images, evidence, random, [CELL, CELL])
    path = tmp_path / "cells.png"
    draw_sheet(path, cells, classes=CNMC_CLASSES, title="the set")
    assert path.is_file()
    return seen


def test_blank_map_and_heat_outside_the_cell_are_said_to_be_so(drawn):
    captions = drawn["captions"]
    assert captions[2] == "for HEM\nblank: next to none"
    assert captions[5] == "for ALL\nblank: next to none"
    assert captions[1].endswith("in background") and captions[6].endswith("in background")
    shares = [float(captions[n].split("\n")[1].split("%")[0]) for n in (1, 6)]
    assert shares[0] < 50 < shares[1]


def test_maps_share_one_scale_which_is_shown(drawn):
    pictures = drawn["pictures"].astype(int)
    hot, half = pictures[1].max(), pictures[6].max()  # Evidence of 2 and of 1.
    assert hot > half + 20
    bar = drawn["figure"].axes[-1]
    assert "one scale for all cells" in bar.get_xlabel()
    assert [text.get_text() for text in bar.get_xticklabels()] == ["0", "1", "from 2"]
