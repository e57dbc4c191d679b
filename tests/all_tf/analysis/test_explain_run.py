"""A run's heat maps are filed with what they are worth, and name no patient in the picture."""

import json
import runpy
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from all_tf.analysis import explain_run as module
from all_tf.analysis import explanation_sheet
from all_tf.analysis.explain_run import explain_run
from all_tf.data.cell_features import foreground
from all_tf.metrics.calibration import Calibration
from all_tf.runs.calibration_file import write_calibration
from all_tf.runs.checksums import read_checksums
from tests.conftest import ROOT
from tests.untrained import EXPERIMENT, write_run

NUM_IMAGES = 7


@pytest.fixture(scope="module")
def run(records, tmp_path_factory):
    run = write_run(tmp_path_factory.mktemp("runs") / "run", records)
    write_calibration(run, Calibration())
    return run


def test_script_files_maps_of_as_many_cells_as_asked_for(run, monkeypatch, capsys):
    captions, titles = [], []
    real = explanation_sheet.draw_cells

    def draw(pictures, texts, *, title, columns):
        captions.extend(texts)
        titles.append(title)
        return real(pictures, texts, title=title, columns=columns)

    monkeypatch.setattr(explanation_sheet, "draw_cells", draw)
    monkeypatch.setattr(sys, "argv", ["explain.py", str(run), "--images", str(NUM_IMAGES)])
    runpy.run_path(str(ROOT / "scripts/explain.py"), run_name="__main__")
    result = json.loads((run / "explanations/explanations.json").read_text())
    assert result["verdict"] in capsys.readouterr().out
    assert (result["split"], result["map_side"], result["stamps"]) == ("validation", 32, [])
    cells = result["cells"]
    assert len({cell["name"] for cell in cells}) == NUM_IMAGES and len(captions) == 4 * NUM_IMAGES
    digest = result["records_sha256"][:12]
    assert result["records_name"] and titles[0].endswith(f"{result['records_name']} ({digest})")
    for cell, caption in zip(cells, captions[::4], strict=True):
        score = f"{cell['score']:.2f}"
        assert caption == f"{cell['label']}, called {cell['decision']}, {score}\n{cell['why']}"
        assert cell["decision"] == ("ALL" if cell["score"] >= 0.5 else "HEM")
        assert cell["share_inside"] is None or 0 <= cell["share_inside"] <= 1
    with Image.open(run / "explanations/cells.png") as picture:
        assert picture.width < picture.height  # A row a cell, which a phone can show.
    assert "blank map" in titles[0] and "black background" in titles[0]
    assert set(read_checksums(run / "explanations")) == {"explanations.json", "cells.png"}
    # No random network began where the run did, or it would draw the map of an untrained one again.
    assert all(row["highest"] < 0.999 for row in result["randomised"])


def test_share_inside_is_that_of_the_heat_for_the_decision(run, monkeypatch):
    """Planted: 3 for ALL everywhere inside the cell, 1 for HEM everywhere outside."""
    monkeypatch.setattr(
        module, "evidence_maps", lambda model, images: np.where(foreground(images), 3.0, -1.0)
    )
    for cell in explain_run(run, num_images=4)[0]["cells"]:
        assert cell["share_inside"] == (1 if cell["decision"] == "ALL" else 0)


def test_no_image_is_refused(run):
    with pytest.raises(ValueError, match="at least 1 image. Received: --images 0"):
        explain_run(run, num_images=0)


def test_network_whose_map_shows_nothing_is_refused_at_once(records, tmp_path, monkeypatch):
    small = replace(EXPERIMENT, arch="googlenet")  # 1 x 1 at 32 px.
    run = write_run(tmp_path / "run", records, small)
    monkeypatch.delattr(module, "pick_cells")  # What follows the scoring.
    monkeypatch.setattr(module.AnalysisInputs, "predict", None)
    with pytest.raises(ValueError, match="single pixel"):
        explain_run(run, num_images=1)
    assert not (run / "explanations").exists()
