"""Refusals are counted for known, disturbed and foreign images, on patients held out alone."""

import numpy as np
import pytest
from PIL import Image

from all_tf.benchmarks.refusals import benchmark_refusals
from all_tf.data.disturbances import DISTURBANCES
from all_tf.runs.folder import EvaluationSet, RunError
from tests.untrained import write_knowing_run, write_run
from tfrecords.synthetic.cells import draw_cell


@pytest.fixture(scope="module")
def run(records, tmp_path_factory):
    return write_knowing_run(tmp_path_factory.mktemp("runs") / "run", records)


@pytest.fixture
def pictures(tmp_path):
    """A folder of fields, and one of single cells with masks."""
    fields, foreign = tmp_path / "fields", tmp_path / "foreign"
    fields.mkdir()
    foreign.mkdir()
    rng = np.random.default_rng(0)
    for n in range(2):
        Image.fromarray(rng.integers(0, 256, (120, 160, 3)).astype(np.uint8)).save(
            fields / f"{n}.jpg"
        )
        cell = draw_cell(np.random.default_rng(n), label=1)
        Image.fromarray(np.maximum(cell, 200)).save(foreign / f"{n}.png")
        Image.fromarray(np.uint8(128) * (cell.max(axis=-1) > 0)).save(foreign / f"{n}_mask.png")
    return fields, foreign


def test_each_kind_of_image_has_a_row_with_its_shares(run, pictures):
    fields, foreign = pictures
    found = benchmark_refusals(run, EvaluationSet(), num_images=6, fields=fields, foreign=[foreign])
    rows = {row["what"]: row for row in found["rows"]}
    assert list(rows)[2:9] == list(DISTURBANCES) and found["set"] == "validation"
    assert rows["known cells, held out"]["changed"] == 0
    assert rows["known cells, held out"]["harmless"] == 1
    for what in ("negative", "on white", "a field", "foreign cells: foreign"):
        assert rows[what]["refused"] == 1 and rows[what]["refused_for"]
    assert rows["a field"]["num_images"] == rows["foreign cells: foreign"]["num_images"] == 2
    for row in (rows[what] for what in DISTURBANCES):
        assert row["harmless"] >= max(row["refused"], 1 - row["changed"])


def test_set_whose_patients_the_run_has_met_is_refused(run):
    for fold in (0, 1):
        with pytest.raises(RunError, match="has met patients of this set"):
            benchmark_refusals(run, EvaluationSet("train", fold), num_images=4)


def test_run_of_an_earlier_version_is_refused(records, tmp_path):
    with pytest.raises(RunError, match="Train again"):
        benchmark_refusals(write_run(tmp_path / "old", records), EvaluationSet(), num_images=4)
