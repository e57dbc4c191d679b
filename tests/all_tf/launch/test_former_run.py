"""Settings are taken from a run or from a file like its config.json, strictly read."""

import json
from dataclasses import asdict, replace

import pytest

from all_tf.config.engine import Engine
from all_tf.launch.former_run import describe_departures, read_former, refuse_refit_settings
from all_tf.runs.folder import RunError
from all_tf.system.checks import ConfigError
from tests.untrained import EXPERIMENT, write_run


@pytest.fixture
def run(records, tmp_path):
    return write_run(tmp_path / "20260131-101500-first", records)


def test_run_and_its_file_give_the_same_settings(run, records):
    whole, file = read_former(run), read_former(run / "config.json")
    assert whole.experiment == file.experiment == EXPERIMENT
    assert whole.records == records.resolve() and whole.engine == Engine()
    assert (whole.folder, file.folder) == (run, None)
    assert (whole.name, file.name) == ("first", "config")


def test_file_needs_no_more_than_an_experiment(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({"experiment": asdict(EXPERIMENT)}))
    former = read_former(path)
    assert (former.experiment, former.records, former.name) == (EXPERIMENT, None, "mine")


def test_departures_are_told_or_that_there_are_none(run):
    former = read_former(run)
    assert describe_departures(former, EXPERIMENT, Engine()) == f"settings of {run / 'config.json'}"
    told = describe_departures(former, replace(EXPERIMENT, epochs=3), Engine(deterministic=True))
    assert told.splitlines()[1:] == [
        "  epochs: 3, there 10",
        "  engine deterministic: True, there False",
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"\xff",
        b'{"experiment": {}}',
        b'{"experiment": {"arch": "cellnet", "augment": []}, "x": 1}',
        b'{"experiment": {"arch": "cellnet", "augment": [], "epochs": "3"}}',
        b'{"experiment": {"arch": "cellnet", "augment": [], "epochs": NaN}}',
        b'{"experiment": {"arch": "cellnet", "augment": []}, "records": 7}',
    ],
)
def test_damaged_file_is_refused_by_its_name(tmp_path, content):
    path = tmp_path / "bad.json"
    path.write_bytes(content)
    with pytest.raises(RunError, match="bad.json is damaged"):
        read_former(path)


def test_what_is_no_run_is_refused(tmp_path):
    with pytest.raises(RunError, match="Expected a run's folder, or a file like its config.json"):
        read_former(tmp_path / "none")
    with pytest.raises(RunError, match="Expected a run's folder"):
        read_former(tmp_path)
    (tmp_path / "cross-validation.json").write_text("{}")
    with pytest.raises(RunError, match="fold-0 --fold all"):
        read_former(tmp_path)


def test_settings_of_a_refit_need_a_fold(run):
    with pytest.raises(ConfigError, match="Add --fold K or --fold all"):
        refuse_refit_settings(read_former(run), replace(EXPERIMENT, fold=None))
