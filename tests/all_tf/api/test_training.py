"""train takes the settings of train.py by name, as typed, and starts what the command starts."""

import pytest

from all_tf.api import training
from all_tf.api.training import TrainingSettings, train_network
from all_tf.launch.options import parse_words
from all_tf.system.checks import ConfigError

OF_PROCESSES = {"num_processes", "process_id", "coordinator"}
ARGUMENTS = {"arch", "experiment", "records", "run_dir"}
MADE = {"goes_on", "words"}


def test_settings_are_the_options_of_the_command():
    options = parse_words(["--arch", "base_cnn"]).keys() - OF_PROCESSES - ARGUMENTS - MADE
    assert options == TrainingSettings.__annotations__.keys()


@pytest.fixture
def started(monkeypatch, tmp_path):
    """What would have been launched."""
    calls = []
    monkeypatch.setattr(training, "launch", lambda run, options: calls.append((run, options)))
    monkeypatch.setattr(training, "load", lambda run: run)
    monkeypatch.chdir(tmp_path)
    return calls


def test_row_or_architecture_is_found_by_its_name(started, tmp_path):
    run = train_network("scratch", "records", tmp_path / "run", epochs=3, augment=())
    (place, options) = started.pop()
    assert run == place == tmp_path / "run"
    assert (options["experiment"], options["arch"]) == ("scratch", None)
    assert (options["epochs"], options["augment"]) == (3, ())
    train_network("efficientnetlite0", fold="all")
    (place, options) = started.pop()
    assert options["arch"] == "efficientnetlite0" and options["fold"] == "all"
    assert place.name.endswith("-efficientnetlite0")


def test_interrupted_run_is_resumed_without_a_name(started, tmp_path):
    assert train_network(resume=tmp_path / "run") == tmp_path / "run"
    (_, options) = started.pop()
    assert options["resume"] == tmp_path / "run"


def test_unknown_network_is_refused(started):
    with pytest.raises(ConfigError, match="Unknown network. Known: base_cnn, .*scratch"):
        train_network("densenet")
    with pytest.raises(ConfigError, match="No such option: epoch"):
        train_network("scratch", epoch=3)
    assert not started


def test_several_processes_are_refused(started, monkeypatch):
    with pytest.raises(ConfigError, match="No such option: num_processes"):
        train_network("scratch", num_processes=2)
    variables = {"NUM_PROCESSES": "2", "PROCESS_ID": "0", "JOB_ADDRESSES": "localhost:6000"}
    for name, value in variables.items():
        monkeypatch.setenv(f"KERAS_DISTRIBUTION_{name}", value)
    with pytest.raises(ConfigError, match="Several processes are started by scripts/train.py"):
        train_network("scratch")
    assert not started
