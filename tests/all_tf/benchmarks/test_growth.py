"""Growth is measured stage by stage; how fast this machine is, is not tested."""

import json
import sys

import pytest

from all_tf.benchmarks import growth
from all_tf.benchmarks.growth import benchmark_growth, growth_exponent
from tfrecords.codec.one_cell import decode_cell
from tfrecords.sources.folders import find_folder_images

STAGES = ["convert", "verify", "first epoch", "later epochs", "evaluate", "report"]


@pytest.mark.parametrize("power", [0.5, 1, 2])
def test_exponent_of_a_power_beside_a_start_is_found(power):
    sizes = [10, 10_000, 20_000, 40_000]
    costs = [7 + 0.01 * size**power for size in sizes]
    assert growth_exponent(sizes, costs) == pytest.approx(power, abs=0.02)


def test_cost_that_does_not_grow_has_no_exponent():
    assert growth_exponent([10, 20, 40], [5.0, 5.0, 4.9]) is None


def test_every_stage_is_run_on_every_number_of_images(tmp_path, monkeypatch):
    commands = []

    def run(command):
        commands.append(command[0])
        return growth.Cost(len(commands) * 3.0, len(commands) * 2.0, 100.0)

    monkeypatch.setattr(growth, "_run", run)
    monkeypatch.setattr(growth, "write_synthetic", lambda home, **_: home.mkdir())
    figures = json.loads(json.dumps(benchmark_growth([60, 70, 80], folder=tmp_path)))
    assert list(figures["stages"]) == STAGES
    assert len(commands) == 18
    assert figures["stages"]["convert"]["seconds"] == {"60": 3.0, "70": 21.0, "80": 39.0}
    assert figures["stages"]["later epochs"]["seconds"]["60"] == pytest.approx(1)  # Of three.
    assert figures["stages"]["report"]["memory_exponent"] is None


def of_folder(folder):
    """Commands are the files of a folder, in the place of the project's own."""
    return lambda name: [sys.executable, str(folder / f"{name}.py")]


def test_cost_is_that_of_the_command(monkeypatch, tmp_path):
    monkeypatch.setattr(growth, "process_command", of_folder(tmp_path))
    (tmp_path / "work.py").write_text("sum(i * i for i in range(10**6)); b = b'x' * 200_000_000")
    (tmp_path / "idle.py").write_text("import time; time.sleep(0.2)")
    work, idle = growth._run(["work"]), growth._run(["idle"])
    assert work.peak_mb > idle.peak_mb + 100 and work.cpu_seconds > idle.cpu_seconds
    assert idle.seconds > 0.2


def test_command_that_fails_is_named_with_its_last_line(monkeypatch, tmp_path):
    monkeypatch.setattr(growth, "process_command", of_folder(tmp_path))
    (tmp_path / "bad.py").write_text("import sys; sys.exit('error: no records')")
    with pytest.raises(growth.StageError, match="bad x ended with code 1: error: no records"):
        growth._run(["bad", "x"])


@pytest.mark.parametrize("sizes", [[60, 70], [60, 80, 70], [60, 60, 70]])
def test_sizes_that_do_not_rise_are_refused(sizes):
    with pytest.raises(ValueError, match="three or more rising numbers"):
        benchmark_growth(sizes, folder=None)


def test_small_images_are_cells_of_patients_as_of_another_laboratory(tmp_path):
    growth.write_small(tmp_path / "small", num_images=6)
    found = find_folder_images(tmp_path / "small", patient_per_image=False)
    assert [(image.label, image.patient) for image in found] == [
        *((1, f"1-{n}") for n in range(3)),
        *((0, f"0-{n}") for n in range(3)),
    ]
    assert max(max(decode_cell(image.path.read_bytes()).size) for image in found) < 450


@pytest.mark.slow
def test_stages_are_the_commands_from_the_converter_to_the_report(tmp_path):
    costs = growth._costs(tmp_path, 60)
    assert list(costs) == STAGES
    assert all(cost.peak_mb > 10 for cost in costs.values())
    assert [path.name for path in tmp_path.iterdir()] == ["C-NMC_Leukemia"]
