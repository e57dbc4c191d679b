"""What a step costs is measured part by part, on drawn cells or on records, and on a GPU."""

import json

import numpy as np
import pytest
import tensorflow as tf

from all_tf.benchmarks import gpu, step
from all_tf.benchmarks.drawn_data import draw_data
from all_tf.config.choices import PRECISIONS
from all_tf.system.checks import ConfigError


@pytest.fixture(autouse=True)
def short(monkeypatch):
    for name, value in {"_STEPS": 2, "_ROUNDS": 2, "_REPEATS": 2, "_BATCH_SIZE": 8}.items():
        monkeypatch.setattr(step, name, value)
    monkeypatch.setattr("all_tf.benchmarks.drawn_data._NUM_DRAWN", 4)


def test_step_is_measured_beside_a_bare_one_and_parted(records, capsys):
    figures = step.benchmark_step("base_cnn", image_size=32, records=records)
    json.dumps(figures)
    assert capsys.readouterr().out == ""  # One JSON object is to be there, and no more.
    assert len(figures["ratios_of_rounds"]) == 2
    assert figures["ratio_to_bare_step"] == pytest.approx(
        np.mean(figures["ratios_of_rounds"]), abs=0.002
    )
    assert figures["cpu_ratio_to_bare_step"] > 0
    shares = figures["shares"]
    assert sum(shares.values()) == pytest.approx(1 - figures["ratio_to_bare_step"], abs=0.001)
    assert all(shares[part] > 0 for part in shares if part != "rest")
    assert 0 < figures["metrics_share_of_validation"] < 1


def test_drawn_cells_are_of_both_classes_and_nobody_is_on_both_sides():
    data = draw_data(70, num_selection=40)
    assert (len(data.fit), data.fit.counts, data.selection.counts) == (70, (35, 35), (20, 20))
    assert not set(data.fit.groups) & set(data.selection.groups)
    assert len(set(data.fit.names)) == 70


def test_machine_without_a_gpu_is_refused(monkeypatch):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [])
    with pytest.raises(ConfigError, match="sees no GPU here.*Run this on a machine that has one"):
        gpu.find_gpu()


@pytest.fixture
def cases(monkeypatch):
    """On the CPU, as on a GPU; the second case does not fit."""
    measured = []

    def seconds(experiment):
        measured.append(experiment.precision)
        if len(measured) == 2:
            raise tf.errors.ResourceExhaustedError(None, None, "no room")
        return 0.5, 0.4

    monkeypatch.setattr(gpu, "prepare", lambda experiment, data, engine: experiment)
    monkeypatch.setattr(gpu, "_seconds_a_step", seconds)
    device = gpu.Device("a GPU", lambda: None, lambda: 3 * 2**29)
    return gpu.benchmark_gpu(["base_cnn"], device=device)["cases"]


def test_every_precision_is_measured_with_and_without_a_compiler(cases):
    assert [(case["precision"], case["jit"]) for case in cases] == [
        (precision, jit) for precision in PRECISIONS for jit in ("off", "on")
    ]
    first, second, *_ = cases
    assert first["images_per_second"] == 2 * first["batch_size"]
    assert (first["input_share"], first["peak_gib"]) == (0.2, 1.5)
    assert second["out_of_memory"] and "images_per_second" not in second


def test_step_is_timed_with_its_input_and_without(monkeypatch):
    monkeypatch.setattr(gpu, "_STEPS", 2)
    row = gpu.find_row("base_cnn")
    small = gpu.replace(row, batch_size=4, image_size=32, weights="none", epochs=2)
    prepared = gpu.prepare(small, draw_data(8, num_selection=2), gpu.Engine())
    with_input, without = gpu._seconds_a_step(prepared)
    assert with_input > 0 and without > 0
    assert int(prepared.model.optimizer.iterations) == 2 * 2 * 2  # Both sides, two epochs of two.
