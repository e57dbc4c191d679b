"""A training that would be refused later is refused before TensorFlow is imported."""

import shutil
from importlib.metadata import PackageNotFoundError

import pytest

from all_tf.config.experiment import Experiment
from all_tf.launch.preconditions import require_startable, starts_from_file
from all_tf.runs.folder import RunError
from all_tf.system.checks import ConfigError
from tfrecords.store.folds import FoldsError
from tfrecords.store.leakage import LeakageError


def test_possible_training_is_let_through_and_nothing_is_written(records, tmp_path):
    for experiment in (
        Experiment("base_cnn", fold=2),
        Experiment("base_cnn", fold=None),
        Experiment("base_cnn", fold=99, protocol="study"),  # It holds out no fold.
    ):
        require_startable(experiment, records, tmp_path / "runs/run")
    assert list(tmp_path.iterdir()) == []


def test_missing_fold_and_weights_are_refused(records, tmp_path):
    with pytest.raises(FoldsError, match="The records have 0, 1, 2. Received: fold=99"):
        require_startable(Experiment("base_cnn", fold=99), records, tmp_path / "run")
    lost = Experiment("base_cnn", weights="no.weights.h5")
    with pytest.raises(ConfigError, match="No such file of weights: no.weights.h5"):
        require_startable(lost, records, tmp_path / "run")
    assert [starts_from_file(Experiment("base_cnn", weights=w)) for w in ("none", "a.h5")] == [
        False,
        True,
    ]


def test_records_without_the_proof_are_refused(records, tmp_path):
    copy = shutil.copytree(records, tmp_path / "records")
    (copy / "leakage.json").write_text("{}")
    with pytest.raises(LeakageError, match="leakage.json is damaged. Make the folds again"):
        require_startable(Experiment("base_cnn"), copy, tmp_path / "run")


def test_missing_package_of_weights_is_refused(records, tmp_path, monkeypatch):
    def lack(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr("builders.packaged_weights.distribution", lack)
    for weights in ("none", "imagenet"):
        require_startable(Experiment("base_cnn", weights=weights), records, tmp_path / "run")
    require_startable(Experiment("efficientnetlite0", weights="none"), records, tmp_path / "run")
    with pytest.raises(FileNotFoundError, match=r"pip install -e '\.\[pretrained\]'"):
        require_startable(Experiment("efficientnetlite0"), records, tmp_path / "run")


def test_folder_that_is_taken_is_refused(records, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run/thesis.txt").touch()
    with pytest.raises(RunError, match="is not empty"):
        require_startable(Experiment("base_cnn"), records, tmp_path / "run")
    with pytest.raises(OSError, match="is not a folder"):
        require_startable(Experiment("base_cnn"), records, tmp_path / "run/thesis.txt/run")
    shutil.rmtree(tmp_path / "run")
    require_startable(Experiment("base_cnn"), records, tmp_path / "run")
