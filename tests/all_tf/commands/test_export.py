"""export.py prints what its proof has found, and says in one line what is wrong."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from all_tf.export.export_text import format_export
from tests.conftest import ROOT
from tests.exported_runs import write_spread_run
from tests.untrained import EXPERIMENT


def export(*arguments, cwd=ROOT) -> subprocess.CompletedProcess:
    command = [sys.executable, ROOT / "scripts/export.py", *arguments]
    return subprocess.run([*map(str, command)], cwd=cwd, capture_output=True, text=True)


@pytest.fixture(scope="module")
def runs(records, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    experiments = {"a": EXPERIMENT, "b": replace(EXPERIMENT, seed=1)}
    return [write_spread_run(folder / name, records, each) for name, each in experiments.items()]


@pytest.mark.slow
def test_several_runs_are_exported_as_one_beside_the_first(runs):
    answer = export("--ensemble", *runs, "--format", "litert", "--quantize", "float16")
    assert answer.returncode == 0, answer.stderr
    out = runs[0].parent / "ensemble" / "export"
    assert {path.name for path in out.iterdir()} == {"model-float16.tflite", "export.json"}
    about = json.loads((out / "export.json").read_text())
    assert [each["name"] for each in about["runs"]] == ["a", "b"]
    proof = about["files"]["model-float16.tflite"]["proof"]
    assert f"of a probability  {proof['largest_difference']:.1e}" in answer.stdout
    assert "For research use only" in answer.stdout


@pytest.mark.parametrize("folder", ["no", "a"])
def test_folder_without_a_run_is_refused_in_one_line(folder, tmp_path):
    (tmp_path / "a").mkdir()
    answer = export(tmp_path / folder, "--format", "keras", "--out", tmp_path / "out")
    assert answer.returncode == 1 and "Traceback" not in answer.stderr
    assert answer.stderr.startswith("error: No run in")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_text_says_what_half_precision_changes(tmp_path):
    rounding = {"largest_difference": 0.02, "answers_that_differ": 3}
    proof = {
        "num_cells": 200,
        "cells_of": "train fold 0",
        "largest_difference": 1e-6,
        "answers_that_differ": 0,
        "half_precision": rounding,
    }
    text = format_export(tmp_path / "model.onnx", {"num_bytes": 1.5e6, "proof": proof})
    assert "model.onnx (1.5 MB)" in text and "200 cells of train fold 0" in text
    assert "3 other answers and differences of up to 2.0e-02" in text
