"""What the plan of a training says of this machine, on stand-ins for its parts."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from all_tf.benchmarks.drawn_data import draw_data
from all_tf.config.presets import EXPERIMENTS
from all_tf.data.class_balance import STRATEGIES
from all_tf.estimates.memory import GIB, NetworkSize, network_bytes
from all_tf.training import device_text, needs_text
from all_tf.training.prepared import Prepared

ROW = replace(EXPERIMENTS["base_cnn"], image_size=100, batch_size=32)
SIZE = NetworkSize(10**6, 10**6, 10**7)


@pytest.fixture(scope="module")
def data():
    return draw_data(40, num_selection=8)


@pytest.fixture
def machine(monkeypatch):
    """Set what this machine has: `machine(gpus=..., memory=..., traces=..., free=...)`."""

    def set_up(*, gpus=(), memory=(), traces=(), free=100 * GIB):
        config = SimpleNamespace(
            list_physical_devices=lambda kind: [SimpleNamespace(name=name) for name in gpus],
            experimental=SimpleNamespace(get_device_details=lambda gpu: {"device_name": gpu.name}),
        )
        for module in (device_text, needs_text):
            monkeypatch.setattr(module, "tf", SimpleNamespace(config=config))
            monkeypatch.setattr(module, "gpu_memory", lambda: list(memory))
        monkeypatch.setattr(device_text, "gpu_traces", lambda: list(traces))
        monkeypatch.setattr(needs_text, "free_memory", lambda: free)
        monkeypatch.setattr(needs_text, "seconds_a_product", lambda **_: 0.04)

    return set_up


def described(data, row=ROW, **more):
    prepared = Prepared(row, data, STRATEGIES["none"](data.fit.counts), model=None)
    return needs_text.describe_needs(prepared, SIZE, **more)


def test_machine_without_a_gpu_says_so_and_how_long(machine, data, tmp_path):
    machine()
    text = described(data, run=tmp_path / "runs/run")
    assert "device       the processor, " in text and "no GPU in this machine" in text
    assert "an epoch about 1 s" in text and "table of measured steps" in text
    assert "100.0 GiB free" in text and "disk         at most" in text
    assert "WARNING" not in text


def test_resumed_run_says_what_is_left(machine, data, tmp_path):
    machine()
    row = replace(ROW, epochs=60)
    assert "31 epochs to go, about " in described(data, row, run=tmp_path, done=29)
    assert "in all about" in described(data, row, run=tmp_path)


def test_gpu_is_named_with_its_memory_and_has_no_tabulated_time(machine, data):
    machine(gpus=["NVIDIA H200"], memory=[139 * GIB], traces=["x"])
    text = described(data)
    assert "device       NVIDIA H200, 139 GiB" in text and "139.0 GiB on the GPU" in text
    assert "after the first steps" in text and "WARNING" not in text


def test_gpus_share_a_batch(machine, data):
    machine(gpus=["A", "A"], memory=[8 * GIB, network_bytes(ROW, SIZE, batch_size=9)])
    assert "and 16 images" in (text := described(data, devices=2))
    assert "Pass --batch-size 16, which would." in text


def test_gpu_of_unknown_memory_is_named_alone(machine, data):
    machine(gpus=["NVIDIA H200"])
    assert "device       NVIDIA H200\n" in described(data)


def test_idle_gpu_is_said_loudly_with_the_way_out(machine, data):
    machine(traces=["it is on the PCI bus"])
    text = described(data)
    assert "TensorFlow does not use the GPU" in text
    assert "WARNING: A GPU IS IN THIS MACHINE, AND TENSORFLOW CANNOT USE IT" in text
    assert "it is on the PCI bus" in text and "pip install 'tensorflow[and-cuda]" in text


def test_batch_that_does_not_fit_is_warned_of_with_one_that_would(machine, data):
    machine(free=network_bytes(ROW, SIZE, batch_size=9))
    assert "will not fit. Pass --batch-size 8, which would." in described(data)
    machine(free=1)
    assert "Pass a smaller --image-size, or another --arch." in described(data)


def test_full_disk_is_warned_of(machine, data, tmp_path, monkeypatch):
    machine()
    monkeypatch.setattr(needs_text, "free_disk", lambda folder: 1)
    text = described(data, run=tmp_path / "runs/run")
    assert f"WARNING: disk: {tmp_path / 'runs'} has too little room" in text


def test_network_that_no_table_has_is_timed_by_its_first_steps(machine, data):
    machine()
    assert "no table has resnet50" in described(data, replace(ROW, arch="resnet50"))
