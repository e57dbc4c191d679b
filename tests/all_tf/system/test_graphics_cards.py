"""A GPU is found by what Linux shows of it, before any library is loaded."""

import pytest

from all_tf.system import graphics_cards
from all_tf.system.graphics_cards import gpu_memory, gpu_traces, how_to_use_gpu


def pci(root, *, vendor, kind):
    device = root / "sys/bus/pci/devices/0000:01:00.0"
    device.mkdir(parents=True)
    (device / "vendor").write_text(f"{vendor}\n")
    (device / "class").write_text(f"{kind}\n")


def program(folder, text):
    path = folder / "nvidia-smi"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_machine_without_a_gpu_shows_nothing(tmp_path):
    pci(tmp_path, vendor="0x1234", kind="0x030000")
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/nvidiactl").touch()  # Of a driver without a device.
    assert gpu_traces(tmp_path, {"PATH": str(tmp_path)}) == []


def test_audio_device_of_a_card_is_no_gpu(tmp_path):
    pci(tmp_path, vendor="0x10de", kind="0x040300")
    assert gpu_traces(tmp_path, {}) == []


@pytest.mark.parametrize("kind", ["0x030000", "0x030200"])
def test_card_without_a_driver_is_seen_on_the_bus(kind, tmp_path):
    pci(tmp_path, vendor="0x10de", kind=kind)
    (trace,) = gpu_traces(tmp_path, {})
    assert "PCI" in trace


def test_driver_device_and_program_are_each_a_trace(tmp_path):
    (tmp_path / "proc/driver/nvidia/gpus/0000:01:00.0").mkdir(parents=True)
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/nvidia0").touch()
    program(tmp_path, "true")
    assert len(gpu_traces(tmp_path, {"PATH": str(tmp_path)})) == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [("printf '143771\\n81559\\n'", [143771 * 2**20, 81559 * 2**20]), ("exit 9", []),
     ("echo '[N/A]'", [])],
)  # fmt: skip
def test_memory_is_what_nvidia_smi_says(text, expected, tmp_path, monkeypatch):
    program(tmp_path, text)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert gpu_memory() == expected


def test_no_program_no_memory_and_the_way_out_names_this_version(monkeypatch):
    monkeypatch.setattr(graphics_cards.shutil, "which", lambda name: None)
    assert gpu_memory() == []
    monkeypatch.setattr(graphics_cards, "version", lambda name: "2.21.0")
    assert "pip install 'tensorflow[and-cuda]==2.21.0'" in how_to_use_gpu()
