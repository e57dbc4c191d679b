"""The table of training speeds: what is measured, what is kept, and ratios to PyTorch."""

import json
import time

import pytest

from all_tf.benchmarks.speed_table import SpeedJob, SpeedTable, failure, speed_jobs
from all_tf.benchmarks.step_timing import step_figures, time_steps
from all_tf.config import choices

JOB = SpeedJob("cellnet", 64, 4, "float32")


def case(framework: str, speed: float) -> dict:
    return {"framework": framework, **JOB._asdict(), "images_per_second": speed}


def test_every_architecture_is_measured_at_the_size_of_its_row_small_ones_first():
    jobs = speed_jobs(precisions=("float32",))
    assert {job.arch for job in jobs} == set(choices.ARCHITECTURE_NAMES)
    assert jobs[0] == SpeedJob("base_cnn", 100, 60, "float32")
    assert jobs[-1].arch == "efficientnetb7"


def test_ratio_stands_beside_what_both_frameworks_measured(capsys):
    table = SpeedTable("a card")
    table.add(case("torch", 50.0))
    table.add(case("jax", 75.0))
    torch, jax = table.as_dict()["cases"]
    assert jax["ratio_to_torch"] == 1.5 and "ratio_to_torch" not in torch
    assert capsys.readouterr().err.count("\n") == 2


def test_cut_run_goes_on_with_what_is_missing_or_failed(tmp_path):
    path = tmp_path / "speeds.json"
    table = SpeedTable("a card", path)
    table.add(case("torch", 50.0))
    table.add({"framework": "jax", **JOB._asdict(), **failure(MemoryError("too\n large"))})
    later = SpeedTable("a card", path)
    assert later.missing([JOB], "torch") == []
    assert later.missing([JOB], "jax") == [JOB]
    assert json.loads(path.read_text())["cases"][1]["failed"] == "MemoryError: too large"


def test_step_is_timed_without_its_first_calls():
    calls = []

    def run_steps(count: int) -> None:
        time.sleep(0.001 * count + (0.0 if calls else 0.5))  # The first call compiles.
        calls.append(count)

    times = time_steps(run_steps, seconds=0.05)
    assert 0.001 <= times.best <= times.median < 0.1
    figures = step_figures(times, batch_size=10, peak_bytes=2**30)
    assert figures["peak_gib"] == 1.0
    assert figures["images_per_second"] == pytest.approx(10 / times.median, abs=0.1)


def test_network_of_pytorch_has_the_weights_of_ours():
    pytest.importorskip("torch", reason="make test-parity installs PyTorch")
    from all_tf.benchmarks.torch_networks import torch_network
    from builders.architecture_info import CATALOGUE

    network = torch_network("cellnet")
    trainable = sum(each.numel() for each in network.parameters())
    assert trainable == pytest.approx(CATALOGUE["cellnet"].parameters, rel=0.02)
