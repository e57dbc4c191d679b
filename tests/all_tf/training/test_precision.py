"""A run in half precision goes on to the same end, and is judged as it was trained."""

from dataclasses import replace

import numpy as np
import pytest

from all_tf.evaluation.evaluate import evaluate_run
from all_tf.evaluation.run_weights import load_run
from all_tf.runs.folder import EvaluationSet
from all_tf.training.train import resume, train
from tests.conftest import read_rows
from tests.integration.test_resume import TUNED, CutOff, cut_off
from tests.interruptions import essence

HALF = replace(TUNED, precision="mixed_float16", epochs=2)


@pytest.fixture(scope="module")
def whole(records, tmp_path_factory):
    run = tmp_path_factory.mktemp("runs") / "whole"
    train(HALF, records, run)
    return run


def test_resumed_run_ends_as_if_nothing_had_happened(whole, records, tmp_path, monkeypatch):
    run = tmp_path / "run"
    with monkeypatch.context() as patch:
        cut_off(patch, epoch=1, kept=True)
        with pytest.raises(CutOff):
            train(HALF, records, run)
    resume(run)
    assert essence(run) == essence(whole)


def test_steps_are_taken_and_the_scale_of_the_loss_is_in_the_state(whole):
    arrays = np.load(whole / "state/epoch-0002/arrays.npz")
    steps = -(-80 // HALF.batch_size) * HALF.epochs
    scalars = [float(arrays[name]) for name in arrays if arrays[name].shape == ()]
    assert steps in scalars and 2.0**15 in scalars


def test_rebuilt_run_computes_in_its_own_precision(whole):
    model = load_run(whole).model
    assert model.get_layer("pooled").input.dtype == "float16"
    filed = read_rows(whole / "evaluation/validation/predictions.csv")
    evaluate_run(whole, EvaluationSet("validation"))
    assert read_rows(whole / "evaluation/validation/predictions.csv") == filed
    assert any(float(row["logit"]) != float(np.float16(row["logit"])) for row in filed)
