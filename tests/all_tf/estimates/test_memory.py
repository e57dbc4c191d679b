"""The estimate of memory and disk: what it grows with, and which batch fits."""

from dataclasses import replace

import pytest

from all_tf.config.presets import EXPERIMENTS, STUDY
from all_tf.estimates.disk import free_disk, run_bytes
from all_tf.estimates.memory import (
    GIB,
    LOADED,
    NetworkSize,
    cells_bytes,
    largest_batch,
    network_bytes,
    tabulated_size,
)

# Peak of a process, MiB: measured with batches of 32 (docs/performance.md).
MEASURED = {
    ("base_cnn", 100): 1240,
    ("efficientnetb0", 128): 2332,
    ("densenet121", 100): 2510,
    ("resnet152", 100): 3849,
}


@pytest.mark.parametrize(("network", "peak"), MEASURED.items(), ids=str)
def test_estimate_is_near_what_was_measured(network, peak):
    arch, side = network
    row = replace(EXPERIMENTS[arch], image_size=side, batch_size=32)
    found = LOADED + network_bytes(row, tabulated_size(row), batch_size=32)
    assert 0.9 < found / 2**20 / peak < 1.3


def test_network_without_a_row_of_the_table_has_no_size():
    assert tabulated_size(replace(EXPERIMENTS["vgg16"], arch="resnet50")) is None


def test_memory_grows_with_batch_averages_and_slots_and_a_probe_keeps_no_batch():
    row, size = EXPERIMENTS["vgg16"], NetworkSize(1000, 900, 10**6)
    few, many = (network_bytes(row, size, batch_size=n) for n in (1, 11))
    assert many - few == pytest.approx(10 * 1.3 * 4e6)
    averaged = network_bytes(replace(row, ema=0.9), size, batch_size=1)
    assert averaged - few == 4 * 1000
    assert few - network_bytes(replace(row, optimizer="sgd"), size, batch_size=1) == 4 * 900
    half = network_bytes(replace(row, precision="mixed_bfloat16"), size, batch_size=1)
    assert few - half == pytest.approx(1.3 * 2e6)
    probe = replace(row, freeze_epochs=row.epochs, augment=())
    assert network_bytes(probe, size, batch_size=1) == network_bytes(probe, size, batch_size=99)


def test_largest_batch_that_fits_is_found():
    row, size = replace(EXPERIMENTS["vgg16"], batch_size=48), NetworkSize(1000, 900, 10**7)
    assert largest_batch(row, size, free=100 * GIB) == 48
    assert largest_batch(row, size, free=network_bytes(row, size, batch_size=20)) == 16
    assert largest_batch(row, size, free=1) is None


def test_cells_take_a_quarter_of_their_canvases():
    assert cells_bytes(replace(EXPERIMENTS["vgg16"], image_size=100), num_cells=4) == 30_000


def test_every_row_of_the_study_has_a_size():
    assert all(tabulated_size(row) for row in STUDY.values())


def test_run_takes_its_states_and_the_best_weights(tmp_path):
    row, size = EXPERIMENTS["vgg16"], NetworkSize(10**6, 10**6, 1)
    beside = run_bytes(row, NetworkSize(0, 0, 0))
    assert run_bytes(row, size) - beside == 4 * 10**6 * (3 * (2 + 2) + 1)
    assert run_bytes(replace(row, ema=0.9), size) - beside == 4 * 10**6 * (3 * (3 + 2) + 1)
    assert free_disk(tmp_path / "runs/run") > 0
