"""Ratios to PyTorch come from turns of the same round."""

import json

import pytest

from all_tf.benchmarks import against_torch
from all_tf.benchmarks.speed_table import SpeedJob
from all_tf.benchmarks.tensorflow_step import TensorFlowStep
from all_tf.benchmarks.turns import Turn
from all_tf.commands.benchmark import main

JOB = SpeedJob("base_cnn", 32, 2, "float32")


def turns(*seconds: tuple[float, float, float]) -> list[dict[str, Turn]]:
    names = ("tensorflow", "torch_nchw", "torch_channels_last")
    return [
        {name: Turn(each, 2 * each) for name, each in zip(names, group, strict=True)}
        for group in seconds
    ]


def test_faster_layout_counts_and_rounds_are_paired():
    figures = against_torch.ratios(turns((1, 9, 2), (10, 90, 10), (2, 1, 6)))
    assert figures["layout"] == "channels_last"
    assert figures["ratio_to_torch"] == figures["cpu_ratio_to_torch"] == 2.0
    assert figures["ratio_quartiles"] == [1.5, 2.5]
    assert figures["best_ratio_to_torch"] == 2.0
    assert "jax_ratio_to_torch" not in figures


def test_absence_of_pytorch_is_one_line(monkeypatch):
    monkeypatch.setattr(against_torch, "find_spec", lambda name: None)
    command = ["benchmark.py", "torch", "--arch", "base_cnn", "--image-size", "32"]
    monkeypatch.setattr("sys.argv", command)
    with pytest.raises(SystemExit, match="^error: .*make test-parity installs it.*$"):
        main()


def test_step_of_tensorflow_trains():
    step = TensorFlowStep(JOB)
    classifier = step.classifier
    before = classifier.get_weights()
    step(2)
    assert int(classifier.optimizer.iterations) == 2
    assert (before[-2] != classifier.get_weights()[-2]).any()


def test_all_frameworks_are_timed_where_pytorch_is_installed():
    pytest.importorskip("torch", reason="make test-parity installs PyTorch")
    figures = against_torch.benchmark_against_torch(JOB, rounds=2, steps=1, threads=1, jax=True)
    json.dumps(figures)
    assert set(figures["frameworks"]) == {"tensorflow", "torch_nchw", "torch_channels_last", "jax"}
    assert figures["ratio_to_torch"] > 0 < figures["jax_cpu_ratio_to_torch"]
