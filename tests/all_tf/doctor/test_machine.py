"""Memory, disk and GPU are graded, on stand-ins."""

import json
from types import SimpleNamespace

import pytest

from all_tf.doctor import machine
from all_tf.doctor.check import OK, PROBLEM, WARNING
from all_tf.doctor.machine import check_disk, check_gpu, check_memory, judge_gpu

GIB = 2**30


@pytest.mark.parametrize(("free", "state"), [(16, OK), (2, WARNING), (1, PROBLEM)])
def test_memory_and_disk_are_enough_scarce_or_too_little(free, state, monkeypatch, tmp_path):
    monkeypatch.setattr("all_tf.system.free_memory.free_memory", lambda: free * GIB)
    assert check_memory().state == state
    monkeypatch.setattr("all_tf.estimates.disk.free_disk", lambda folder: free * GIB / 5.5)
    assert check_disk(tmp_path).state == {16: WARNING, 2: WARNING, 1: PROBLEM}[free]


def test_no_gpu_is_no_problem_and_an_idle_one_is(monkeypatch):
    monkeypatch.setattr(machine, "gpu_traces", lambda: [])
    assert judge_gpu("2.21.0", [])[1] == OK and not judge_gpu("2.21.0", []).usable
    monkeypatch.setattr(machine, "gpu_traces", lambda: ["it is on the PCI bus"])
    idle = judge_gpu("2.21.0", [])
    assert idle.state == PROBLEM and "A GPU IS IN THIS MACHINE" in idle.found
    assert "tensorflow[and-cuda]" in idle.remedy


@pytest.mark.parametrize(("memory", "size"), [([139 * GIB], ", 139 GiB"), ([], "")])
def test_gpu_is_named_with_its_memory(memory, size, monkeypatch):
    monkeypatch.setattr(machine, "gpu_memory", lambda: memory)
    found = judge_gpu("2.21.0", ["NVIDIA H200"])
    assert found.state == OK and found.usable
    assert found.found == f"NVIDIA H200{size} (TensorFlow 2.21.0)"


@pytest.mark.parametrize(
    ("code", "output", "state"),
    [
        (0, json.dumps({"tensorflow": "2.21.0", "gpus": ["A"]}), OK),
        (0, "a library's words\n" + json.dumps({"problem": "ImportError: no lib"}), PROBLEM),
        (-4, "", PROBLEM),
    ],
)
def test_tensorflow_is_loaded_by_a_process_whose_end_is_told(code, output, state, monkeypatch):
    child = SimpleNamespace(returncode=code, stdout=output)
    monkeypatch.setattr(machine, "gpu_memory", lambda: [])
    monkeypatch.setattr(machine.subprocess, "run", lambda *words, **how: child)
    found = check_gpu()
    assert found.state == state
    assert code == 0 or "ended by SIGILL" in found.found
    assert ("cannot be loaded: ImportError: no lib" in found.found) is ("no lib" in output)


def test_place_that_cannot_be_written_is_a_problem(tmp_path):
    (tmp_path / "runs").touch()
    found = check_disk(tmp_path / "runs")
    assert found.state == PROBLEM and "runs is not a folder" in found.found
