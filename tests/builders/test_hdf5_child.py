"""A file of weights that HDF5 does not get through ends a child, not the program."""

import json
import shutil
import struct
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

from builders import hdf5_child
from builders.hdf5_child import inspect_weights
from builders.hdf5_weights import WeightsError
from builders.registry import build_model
from builders.weights import load_file


@pytest.fixture(scope="module")
def model():
    return build_model("base_cnn", image_size=64, weights="none")


@pytest.fixture
def weights(model, tmp_path) -> Path:
    path = tmp_path / "w.weights.h5"
    model.save_weights(path)
    return path


def let_free_list_lead_to_itself(path: Path) -> None:
    """HDF5 follows the list of free places in the names of a group until it ends."""
    data = bytearray(path.read_bytes())
    start, num_loops = 0, 0
    while (start := data.find(b"HEAP", start + 1)) > 0:
        free, address = struct.unpack_from("<QQ", data, start + 16)
        if free != 1 and address + free + 16 <= len(data):
            struct.pack_into("<Q", data, address + free, free)
            num_loops += 1
    assert num_loops
    path.write_bytes(data)


def test_whole_file_has_the_shapes_of_the_model(model, weights):
    shapes, problem = inspect_weights(weights)
    assert shapes == sorted(tuple(weight.shape) for weight in model.weights) and not problem


def test_file_that_keeps_hdf5_busy_for_ever_is_refused_in_time(model, weights, monkeypatch):
    let_free_list_lead_to_itself(weights)
    monkeypatch.setattr(hdf5_child, "_SECONDS", 2)
    start = time.monotonic()
    with pytest.raises(WeightsError, match="w.weights.h5 .* damaged.*: copy it again"):
        load_file(model, weights)
    assert time.monotonic() - start < 60


def test_child_that_waits_is_ended_in_time(weights, monkeypatch):
    monkeypatch.setattr(hdf5_child, "_WAITED_SECONDS", 0)
    with pytest.raises(ValueError, match="HDF5 did not read it within 0 s; the file is damaged"):
        inspect_weights(weights)


def test_child_that_crashes_is_named(weights, monkeypatch):
    monkeypatch.setattr(hdf5_child.sys, "executable", shutil.which("false"))
    with pytest.raises(ValueError, match="exit code 1.; the file is damaged"):
        inspect_weights(weights)


def keras_2_weights(file):
    file.attrs["layer_names"] = ["conv2d"]
    file["conv2d/conv2d/kernel:0"] = np.zeros((3, 3))


def whole_model(file):
    file.attrs["model_config"] = json.dumps({})
    file["model_weights/conv2d/kernel:0"] = np.zeros((3, 3))


@pytest.mark.parametrize("write", [keras_2_weights, whole_model])
def test_file_of_keras_2_is_named_with_what_to_do(model, write, tmp_path):
    path = tmp_path / "old.weights.h5"
    with h5py.File(path, "w") as file:
        write(file)
    with pytest.raises(WeightsError, match="weights of Keras 2, .*model.save_weights.'NAME"):
        load_file(model, path)


def test_array_that_claims_more_than_the_file_holds_is_not_read(model, weights):
    with h5py.File(weights, "a") as file:
        name = "layers/conv2d/vars/0"
        shape = file[name].shape
        del file[name]
        file.create_dataset(name, shape, "f4", chunks=(1, 1, 1, 1))
        file.create_dataset("other", (10**6,), "f4", chunks=(1024,))
    with pytest.raises(WeightsError, match="its arrays claim 4,.* bytes, the file has"):
        load_file(model, weights)
