"""A network that measures size is told so, and one that sees a texture passes."""

import io
import json
import runpy
import sys

import keras
import numpy as np
import pytest
from keras import layers, ops
from PIL import Image

from all_tf.analysis.inputs import AnalysisInputs
from all_tf.analysis.probe_run import probe, probe_run
from all_tf.analysis.probe_text import format_probes
from all_tf.config.experiment import Experiment
from all_tf.data.cells import Cells
from all_tf.data.splits import SplitError
from all_tf.evaluation.evaluate import EvaluationContext
from all_tf.metrics.calibration import Calibration
from all_tf.runs.calibration_file import write_calibration
from all_tf.runs.checksums import read_checksums
from all_tf.runs.folder import EvaluationSet
from all_tf.runs.report_header import SetPlace
from tests.conftest import ROOT, read_rows
from tests.untrained import write_run
from tfrecords.schema import IMAGE_SIDE

SIDE = 64  # Pixels of the centre of planted slides, which is what the networks see.
NUM_GROUPS, CELLS_A_GROUP = 20, 6


def planted(seed: int, *, larger: float, finer: bool) -> Cells:
    """Cells of either class, of which ALL may be larger, or of finer grain in the same colours."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(NUM_GROUPS), CELLS_A_GROUP)
    labels = groups % 2
    rows, columns = np.ogrid[:SIDE, :SIDE]
    pngs = []
    for label in labels:
        radius = rng.normal(20 + larger * label, 1.5)
        width = 1 if finer and label else 4  # Of a grain, in pixels.
        grain = rng.choice((50, 90), (SIDE // width, SIDE // width)).repeat(width, 0)
        cell = grain.repeat(width, 1) * (np.hypot(rows - 32, columns - 32) < radius)
        slide = np.zeros((IMAGE_SIDE, IMAGE_SIDE, 3), np.uint8)
        start = (IMAGE_SIDE - SIDE) // 2
        slide[start : start + SIDE, start : start + SIDE] = cell[..., None]
        buffer = io.BytesIO()
        Image.fromarray(slide).save(buffer, "PNG")
        pngs.append(buffer.getvalue())
    ids = np.array([f"{seed}-{group}" for group in groups])
    names = np.array([f"{seed}-{index}" for index in range(len(ids))])
    none = np.full(len(ids), "")
    folds = np.zeros(len(ids), np.int64)
    return Cells(np.array(pngs, object), labels, ids, ids, names, none, folds)


def network(feature) -> keras.Model:
    """One number an image, the larger the more like ALL: no more is known to this network."""
    pixels = keras.Input((SIDE, SIDE, 3), name="image")
    maps = layers.Lambda(feature, output_shape=(SIDE, SIDE, 1))(pixels)
    pooled = layers.GlobalAveragePooling2D(name="pooled")(maps)
    model = keras.Model(pixels, layers.Dense(1, name="logit")(pooled))
    model.get_layer("logit").set_weights([np.ones((1, 1)), np.zeros(1)])
    return model


def area(pixels):
    return ops.cast(ops.max(pixels, axis=-1, keepdims=True) > 0, "float32")


def grain(pixels):
    """How much neighbours inside the cell differ."""
    beside = ops.roll(pixels, 1, axis=2)
    return ops.max(ops.where(pixels * beside > 0, ops.abs(pixels - beside), 0), -1, keepdims=True)


PLACE = SetPlace("validation", None, "0" * 64, stamps=[])


def probed(feature, records, **plan) -> dict:
    experiment = Experiment("base_cnn", image_size=SIDE, crop=SIDE, weights="none")
    context = EvaluationContext(experiment, {"folds": "grouped"}, 1, Calibration())
    cells = planted(1, **plan)
    inputs = AnalysisInputs(context, network(feature), cells, PLACE, records=records, trusted=False)
    result, _ = probe(inputs, planted(0, **plan), seed=0)
    return result | {row["name"]: row for row in result["probes"]}


def test_network_that_measures_area_is_told_so(records):
    result = probed(area, records, larger=3, finer=False)
    assert 0.85 < result["model"]["auc"] < 0.99
    assert "This model is not shown to know more than cell size" in result["verdict"]
    assert (
        result["silhouette"]["margin"] == 0 and "the outline may add nothing" in result["verdict"]
    )
    assert result["colour"]["auc"] < 0.7


def test_network_that_sees_a_texture_in_cells_of_equal_size_passes(records):
    result = probed(grain, records, larger=0, finer=True)
    assert result["model"]["auc"] > 0.95
    assert result["verdict"].startswith("This model knows more than size, colour and border tell.")
    assert result["margin_low"] > 0.1 and result["size"]["auc"] < 0.7
    # One colour has no texture; patches keep theirs.
    assert result["silhouette"]["auc"] == 0.5 and result["patches"]["auc"] > 0.95


@pytest.fixture(scope="module")
def run(records, tmp_path_factory):
    run = write_run(tmp_path_factory.mktemp("runs") / "run", records)
    write_calibration(run, Calibration())
    return run


def test_script_files_the_probes_of_a_run_and_tells_them(run, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["probe.py", str(run)])
    runpy.run_path(str(ROOT / "scripts/probe.py"), run_name="__main__")
    result = json.loads((run / "probes/probes.json").read_text())
    assert (result["split"], result["fold"], result["stamps"]) == ("validation", None, [])
    rows = read_rows(run / "probes/probes.csv")
    names = ["model", "majority", "size", "colour", "border", "together", "mean colour",
             "silhouette", "patches"]  # fmt: skip
    assert [row["name"] for row in rows] == names
    assert float(rows[2]["auc"]) == result["probes"][1]["auc"]
    with Image.open(run / "probes/altered.png") as picture:
        assert picture.width > 500
    assert set(read_checksums(run / "probes")) == {"probes.json", "probes.csv", "altered.png"}
    text = capsys.readouterr().out
    assert result["verdict"] in text and all(f"| {name} " in text for name in names)
    assert [(x["class"], x["features"]) for x in result["identity"]] == [
        ("HEM", "pooled"), ("HEM", "size and colour"), ("ALL", "pooled"), ("ALL", "size and colour")
    ]  # fmt: skip


def test_fold_that_chose_the_epoch_is_stamped_and_the_reader_told(run):
    result, _ = probe_run(run, EvaluationSet(fold=0))
    assert (result["split"], result["fold"], result["stamps"]) == ("train", 0, ["optimistic"])
    assert "margins are too favourable to the model" in format_probes(result)


def test_fold_that_is_not_there_is_refused(run):
    with pytest.raises(SplitError, match="No such fold"):
        probe_run(run, EvaluationSet(fold=7))


def test_script_refuses_a_folder_that_is_no_run(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["probe.py", str(tmp_path)])
    with pytest.raises(SystemExit, match=r"^error: No run in .*: it has no config\.json"):
        runpy.run_path(str(ROOT / "scripts/probe.py"), run_name="__main__")
