"""A training that begins from a file of a whole network says that its images are unknown."""

import json
import shutil
from dataclasses import replace

import keras
import pytest

from all_tf.config.experiment import Experiment
from all_tf.evaluation.run_weights import BEST_FILE
from all_tf.reports.html_report.prose import STAMPS
from all_tf.reports.html_report.write import write_report
from all_tf.runs.parent import read_parent
from all_tf.runs.verification import verify
from all_tf.training.train import train
from builders.registry import build_model
from tfrecords.store.manifest import digest_file

EXPERIMENT = Experiment("base_cnn", image_size=32, weights="none", epochs=1, batch_size=64)
UNKNOWN = "training images of its parent unknown"


@pytest.fixture(scope="module")
def network():
    return build_model("base_cnn", image_size=32, weights="none")


@pytest.fixture
def whole(network, tmp_path):
    """As a copy of a run's weights, beside which nothing says what they have learnt from."""
    network.save_weights(tmp_path / "mine.weights.h5")
    return tmp_path / "mine.weights.h5"


def begun_from(path) -> Experiment:
    return replace(EXPERIMENT, weights=str(path))


def test_whole_network_may_have_learnt_anything(whole, records, tmp_path, capsys):
    child = tmp_path / "child"
    train(begun_from(whole), records, child)
    assert f"parent: {whole}, trained on unknown records" in capsys.readouterr().out
    noted = json.loads((child / "config.json").read_text())["parent"]
    assert (noted["file"], noted["weights_sha256"]) == (whole.name, digest_file(whole))
    for folder in ("", "evaluation/validation"):
        assert UNKNOWN in json.loads((child / folder / "metrics.json").read_text())["stamps"]
    assert not [line for checked in verify(child) for line in checked.drift]
    for path in write_report(child, tmp_path, cells=False):
        text = path.read_text()
        assert "the file mine.weights.h5, whose training images are unknown" in text
        assert STAMPS[UNKNOWN] in text
    assert not read_parent(begun_from(child)).knows_all


def test_weights_of_a_state_are_of_a_whole_network_too(whole, tmp_path):
    state = tmp_path / "run/state/epoch-0001"
    state.mkdir(parents=True)
    shutil.copyfile(whole, state / BEST_FILE)
    assert read_parent(begun_from(state / BEST_FILE)).facts["file"] == BEST_FILE


def test_backbone_has_learnt_from_no_labelled_cell(network, tmp_path):
    backbone = keras.Model(network.input, network.get_layer("pooled").input)
    backbone.save_weights(tmp_path / "backbone.weights.h5")
    assert read_parent(begun_from(tmp_path / "backbone.weights.h5")) is None


def test_damaged_or_missing_file_is_left_to_those_who_load_it(whole, tmp_path):
    (tmp_path / "cut.weights.h5").write_bytes(whole.read_bytes()[:5000])
    assert read_parent(begun_from(tmp_path / "cut.weights.h5")) is None
    assert read_parent(begun_from(tmp_path / "no.weights.h5")) is None
