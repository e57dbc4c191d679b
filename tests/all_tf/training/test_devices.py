"""Several devices that share each batch learn what one device learns from the whole of it."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from all_tf.config.choices import DIRECTIONS
from all_tf.config.engine import Engine
from all_tf.system.checks import ConfigError
from all_tf.training.devices import device_scope
from tests.all_tf.training.test_train import EXPERIMENT
from tests.conftest import ROOT, read_rows

# A CPU is split into devices before TensorFlow starts, hence in a process of its own.
_TRAIN = """
import shutil
import sys
from pathlib import Path

import tensorflow as tf

cpu, = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, 2 * [tf.config.LogicalDeviceConfiguration()])

from all_tf.config.experiment import Experiment
from all_tf.config.engine import Engine
from all_tf.runs.folder import write_status
from all_tf.training.train import resume, train

records, folder = map(Path, sys.argv[1:])
experiment = Experiment(
    "base_cnn",
    image_size=32,
    batch_size=16,
    epochs=3,
    learning_rate=0.01,
    augment=("hflip", "random_crop", "mixup"),
    imbalance="class_weights",
    weights="none",
    fold=1,
    limit_train=42,
    freeze_epochs=1,
    ema=0.9,
)
for devices in (1, 2):
    train(experiment, records, folder / str(devices), engine=Engine(devices=devices))
resumed = shutil.copytree(folder / "2", folder / "resumed")
shutil.rmtree(resumed / "state" / "epoch-0003")
write_status(resumed, "running", epochs_done=2)
resume(resumed)
"""


@pytest.fixture(scope="module")
def runs(records, tmp_path_factory):
    """Runs on one device and on two, and one on two that was resumed; same experiment."""
    folder = tmp_path_factory.mktemp("runs")
    command = [sys.executable, "-c", _TRAIN, str(records), str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def arrays(run) -> dict[str, np.ndarray]:
    with np.load(run / "state/epoch-0003/arrays.npz") as found:
        return dict(found)


@pytest.mark.slow
@pytest.mark.parametrize("run", ["2", "resumed"])
def test_two_devices_end_with_the_weights_of_one(runs, run):
    one, two = arrays(runs / "1"), arrays(runs / run)
    assert one.keys() == two.keys()
    for name, expected in one.items():
        np.testing.assert_allclose(two[name], expected, atol=1e-4, rtol=1e-4, err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("run", ["2", "resumed"])
def test_two_devices_count_what_one_counts(runs, run):
    one, two = read_rows(runs / "1/history.csv"), read_rows(runs / run / "history.csv")
    assert len(one) == len(two) == 3
    for expected, found in zip(one, two, strict=True):
        for key in (*DIRECTIONS, *(f"val_{key}" for key in DIRECTIONS)):
            assert float(found[key]) == pytest.approx(float(expected[key]), abs=1e-5), key


@pytest.mark.slow
def test_run_notes_its_devices_beside_the_experiment(runs):
    one, two = (json.loads((runs / run / "config.json").read_text()) for run in "12")
    assert (one["engine"]["devices"], two["engine"]["devices"]) == (1, 2)
    assert one["experiment"] == two["experiment"]


def test_batch_that_cannot_be_shared_evenly_is_refused():
    with pytest.raises(ConfigError, match="3 devices can share evenly. Pass --batch-size 18"):
        device_scope(replace(EXPERIMENT, batch_size=16), Engine(devices=3))


def test_more_devices_than_there_are_are_refused():
    with pytest.raises(ConfigError, match="Expected 64 devices. Pass --devices"):
        device_scope(replace(EXPERIMENT, batch_size=64), Engine(devices=64))


@pytest.mark.parametrize(
    ("changes", "engine", "message"),
    [
        ({"ema": 0.9}, Engine(backend="jax"), "no ema. Pass --ema 0, or"),
        ({"freeze_epochs": 1}, Engine(backend="jax"), "no freeze_epochs. Pass --freeze-epochs 0"),
        ({}, Engine(backend="jax", jit="off"), "always compiled. Pass --jit auto"),
    ],
)
def test_what_jax_cannot_do_is_refused(changes, engine, message):
    with pytest.raises(ConfigError, match=message):
        device_scope(replace(EXPERIMENT, **changes), engine)
