"""Files made to harm: in place of a run's weights or given to --weights, refused without effect."""

import ctypes
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from all_tf.config.experiment import Experiment
from all_tf.evaluation.run_weights import BEST_FILE, load_run, save_weights
from all_tf.runs.folder import RunError, write_config
from builders.hdf5_weights import add_digest
from builders.registry import build_model
from builders.weights import WeightsError, load_file
from tests import hostile_weights
from tests.conftest import ROOT
from tfrecords.store.manifest import digest_file

SIZE = 32
FACTS = {"records": "", "folds": "grouped", "folds_sha256": "", "class_weights": [1.0, 1.0]}


@pytest.fixture(scope="module")
def model():
    return build_model("base_cnn", image_size=SIZE, weights="none")


@pytest.fixture(scope="module")
def honest(model, tmp_path_factory) -> Path:
    """A file of weights as a run writes it."""
    path = tmp_path_factory.mktemp("honest") / BEST_FILE
    save_weights(model, path)
    return path


class Watch:
    """Tells whether anybody, compiled code too, opened a file: inotify of Linux."""

    _IN_OPEN = 0x20

    def __init__(self, path: Path):
        libc = ctypes.CDLL(None, use_errno=True)
        self._fd = libc.inotify_init1(os.O_NONBLOCK)
        if self._fd < 0 or libc.inotify_add_watch(self._fd, bytes(path), self._IN_OPEN) < 0:
            pytest.skip("no inotify here")  # Linux alone says who opened a file.

    def was_opened(self) -> bool:
        try:
            return bool(os.read(self._fd, 4096))
        except BlockingIOError:
            return False
        finally:
            os.close(self._fd)


@pytest.fixture
def secret(tmp_path) -> Path:
    """A file that no hostile one may have read, of the size of a kernel."""
    path = tmp_path / "secret"
    path.write_bytes(b"secret12" * 1024)
    return path


# They copy layers that this process has built, or open the file that it has just exported.
OWN_CONFIGS = ("all_tf/export/open_export.py", "builders/convnext.py")


def put(make: hostile_weights.Make, path: Path, honest: Path, secret: Path) -> tuple[Path, Watch]:
    """Write a hostile file; its marker, and a watch on what it must not read."""
    shutil.copy(honest, path)
    make(path, secret, marker := path.with_name("marker"))
    marker.unlink(missing_ok=True)  # Making a model may call its layers.
    return marker, Watch(secret)


def write_run(run: Path, weights: Path) -> None:
    write_config(run, Experiment("base_cnn", image_size=SIZE), FACTS)
    metrics = {"best_epoch": 1, "weights_sha256": digest_file(weights)}
    (run / "metrics.json").write_text(json.dumps(metrics))


@pytest.mark.parametrize("make", hostile_weights.TWELVE)
def test_hostile_file_in_place_of_a_runs_weights_is_opened_by_no_parser(
    make, honest, secret, tmp_path, monkeypatch
):
    write_run(tmp_path, honest)
    marker, watch = put(make, tmp_path / BEST_FILE, honest, secret)
    monkeypatch.setattr(h5py, "File", None)  # Whoever opens it fails otherwise than expected.
    with pytest.raises(RunError, match=r"is not the file that the run ended with \(SHA-256\)"):
        load_run(tmp_path)
    assert not marker.exists() and not watch.was_opened()


@pytest.mark.parametrize("make", hostile_weights.TWELVE[:-1])
def test_hostile_file_whose_digest_was_forged_too_is_refused(make, honest, secret, tmp_path):
    path = tmp_path / BEST_FILE
    marker, watch = put(make, path, honest, secret)
    write_run(tmp_path, path)
    with pytest.raises(WeightsError, match=re.escape(str(path))):
        load_run(tmp_path)
    assert not marker.exists() and not watch.was_opened()


@pytest.mark.parametrize("name", ["evil.weights.h5", "evil.keras", "evil.h5"])
@pytest.mark.parametrize("make", hostile_weights.TWELVE)
def test_hostile_file_given_as_weights_is_refused(make, name, model, honest, secret, tmp_path):
    marker, watch = put(make, tmp_path / name, honest, secret)
    before = model.get_weights()
    with pytest.raises(WeightsError, match=re.escape(str(tmp_path / name))):
        load_file(model, tmp_path / name)
    assert not marker.exists() and not watch.was_opened()
    for array, expected in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(array, expected)


@pytest.mark.slow
def test_training_as_typed_refuses_a_hostile_file_in_one_line(honest, records, secret, tmp_path):
    _, watch = put(hostile_weights.external_storage, tmp_path / "evil.weights.h5", honest, secret)
    command = [sys.executable, ROOT / "scripts/train.py", "--arch", "base_cnn"]
    command += ["--weights", tmp_path / "evil.weights.h5", "--records", records]
    command += ["--run-dir", tmp_path / "run"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 1 and "Traceback" not in answer.stderr
    assert "values lie in other files" in answer.stderr.splitlines()[-1]
    assert not (tmp_path / "run").exists() and not watch.was_opened()


def test_lambda_of_these_tests_would_leave_its_marker(tmp_path):
    hostile_weights.lambda_in_keras(tmp_path / "evil.keras", None, marker := tmp_path / "marker")
    marker.unlink(missing_ok=True)
    keras.saving.load_model(tmp_path / "evil.keras", safe_mode=False)(np.zeros((1, 4)))
    assert marker.exists()


@pytest.mark.parametrize("make", [hostile_weights.external_storage, hostile_weights.external_link])
def test_watch_of_these_tests_sees_what_a_naive_reader_opens(make, honest, secret, tmp_path):
    _, watch = put(make, tmp_path / "evil.weights.h5", honest, secret)
    with h5py.File(tmp_path / "evil.weights.h5") as file:
        assert file[hostile_weights.KERNEL][()].shape == (3, 3, 3, 32)
    assert watch.was_opened()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (hostile_weights.soft_link, "a link, perhaps to another file"),
        (hostile_weights.hard_link_to_itself, "a second name"),
        (hostile_weights.virtual_array, "values lie in other files"),
        (hostile_weights.compressed_array, "compressed or filtered"),
        (hostile_weights.reference, "not of numbers"),
        (hostile_weights.named_type, "neither a group nor an array"),
        (hostile_weights.a_trillion_elements, "in part of other shapes"),
        (hostile_weights.not_a_number, "holds numbers that are not finite"),
    ],
)
def test_more_than_plain_finite_arrays_of_the_expected_shapes_is_refused(
    change, message, model, honest, tmp_path
):
    path = tmp_path / "evil.weights.h5"
    shutil.copy(honest, path)
    with h5py.File(path, "a") as file:
        change(file)
    with pytest.raises(WeightsError, match=message):
        load_file(model, path)


@pytest.mark.slow
def test_bit_flipped_anywhere_is_refused_or_changes_no_weight(model, honest, tmp_path):
    path, whole = tmp_path / "flipped.weights.h5", honest.read_bytes()
    load_file(model, honest)
    expected, refused = model.get_weights(), 0
    for bit in np.random.default_rng(0).choice(len(whole) * 8, 50, replace=False):
        data = bytearray(whole)
        data[bit // 8] ^= 1 << bit % 8
        path.write_bytes(data)
        try:
            load_file(model, path)
        except WeightsError:
            refused += 1
            continue
        for array, before in zip(model.get_weights(), expected, strict=True):
            np.testing.assert_array_equal(array, before)
    assert refused > 3  # Most of the file of so small a network is HDF5's empty space.


def test_seal_leaves_the_weights_as_they_are(model, tmp_path):
    path = tmp_path / "w.weights.h5"
    model.save_weights(path)
    other = build_model("base_cnn", image_size=SIZE, weights=str(path))  # Unsealed, by Keras.
    add_digest(path)
    load_file(other, path)
    for array, expected in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(array, expected)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"experiment": {"arch": "os.system"}}, "Unknown arch"),
        ({"experiment": {"arch": "base_cnn", "image_size": 10**9}}, "image_size of 32 to 2048"),
        (
            {"experiment": {"arch": "base_cnn", "image_size": float("nan")}},
            "NaN is no finite number",
        ),
        ({"experiment": {"arch": "base_cnn", "dropout": "0.5"}}, "dropout of type"),
        ({"experiment": {"arch": ["base_cnn"], "augment": []}}, "arch of type str"),
        ({"experiment": {"arch": "base_cnn", "module": "os"}}, "unexpected keyword"),
        ({"experiment": []}, "config.json is damaged"),
        ({"folds_sha256": None}, "field folds_sha256"),
        ({"records": ["a"]}, "field records"),
    ],
)
def test_config_of_a_run_that_was_tampered_with_is_refused(change, message, honest, tmp_path):
    shutil.copy(honest, tmp_path / BEST_FILE)
    write_run(tmp_path, honest)
    config = json.loads((tmp_path / "config.json").read_text())
    if isinstance(fields := change.get("experiment"), dict):
        change = {"experiment": config["experiment"] | fields}
    (tmp_path / "config.json").write_text(json.dumps(config | change))
    with pytest.raises(RunError, match=message):
        load_run(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"best_epoch": {}}', "[" * 100_000])
def test_metrics_of_a_run_that_were_tampered_with_are_refused(text, honest, tmp_path):
    write_run(tmp_path, honest)
    (tmp_path / "metrics.json").write_text(text)
    with pytest.raises(RunError, match="metrics.json is damaged"):
        load_run(tmp_path)


def test_no_line_of_the_program_deserialises_a_model_or_leaves_safe_mode():
    unsafe = re.compile(
        r"safe_mode|unsafe_deserialization|\bload_model\(|model_from_json|from_config\("
        r"|allow_pickle=True|import pickle"
    )
    for folder in ("all_tf", "builders", "tfrecords", "scripts"):
        for path in (ROOT / folder).rglob("*.py"):
            if path.relative_to(ROOT).as_posix() not in OWN_CONFIGS:
                assert not unsafe.search(path.read_text()), path
