"""Settings are taken from a run or from a file like its config.json, strictly read."""

import json
from dataclasses import asdict, replace

import pytest

from all_tf.config.engine import Engine
from all_tf.launch.former_run import (
    describe_departures,
    find_begun,
    read_former,
    refuse_refit_settings,
    require_begun,
)
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


@pytest.mark.parametrize("lacking", ["augment", "epochs", "dropout", "max_minutes"])
def test_file_that_lacks_a_field_says_which_and_what_to_copy(tmp_path, lacking):
    path = tmp_path / "mine.json"
    settings = asdict(EXPERIMENT)
    del settings[lacking]
    path.write_text(json.dumps({"experiment": settings}))
    with pytest.raises(RunError, match=f"lacks the field {lacking}; copy config.json of a run"):
        read_former(path)


@pytest.mark.parametrize("later", [("score_held_out",), ("last_epoch", "max_minutes")])
def test_file_of_an_earlier_version_has_the_defaults_of_what_came_later(tmp_path, later):
    path = tmp_path / "mine.json"
    settings = asdict(EXPERIMENT)
    for name in (*later, "score_held_out"):
        settings.pop(name, None)
    path.write_text(json.dumps({"experiment": settings}))
    assert read_former(path).experiment == EXPERIMENT


def test_departures_are_told_or_that_there_are_none(run):
    former = read_former(run)
    assert describe_departures(former, EXPERIMENT, Engine()) == f"settings of {run / 'config.json'}"
    told = describe_departures(former, replace(EXPERIMENT, epochs=3), Engine(deterministic=True))
    assert told.splitlines()[1:] == [
        "  epochs: 3, there 10",
        "  engine deterministic: True, there False",
    ]


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b'{"experiment": {}}'])
def test_damaged_file_is_refused_by_its_name(tmp_path, content):
    path = tmp_path / "bad.json"
    path.write_bytes(content)
    with pytest.raises(RunError, match="bad.json is damaged"):
        read_former(path)


@pytest.mark.parametrize(
    ("settings", "facts", "what"),
    [
        ({}, {"x": 1}, "x"),
        ({"epochs": "3"}, {}, "epochs"),
        ({"epochs": float("nan")}, {}, "NaN"),
        ({"epoch": 3}, {}, "epoch"),
        ({}, {"records": 7}, "records"),
    ],
)
def test_wrong_value_is_refused_by_the_name_of_file_and_field(tmp_path, settings, facts, what):
    path = tmp_path / "bad.json"
    path.write_text(json.dumps({"experiment": asdict(EXPERIMENT) | settings, **facts}))
    with pytest.raises(RunError, match=rf"bad.json is damaged.*\b{what}\b"):
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


@pytest.fixture
def bounded(records, tmp_path):
    """A run of ten epochs whose time was over in the midst of its third."""
    folder = write_run(tmp_path / "bounded", records, replace(EXPERIMENT, max_minutes=5.0))
    (folder / "history.csv").write_text("epoch,epoch_share\n1,1.0\n2,1.0\n3,0.5\n")
    return read_former(folder)


@pytest.mark.parametrize("epochs", [3, 11])
def test_run_that_was_ended_by_time_does_not_go_on(epochs, bounded, records):
    longer = replace(bounded.experiment, epochs=epochs)
    with pytest.raises(RunError, match="was ended by --max-minutes 5 .*--max-minutes X"):
        find_begun(bounded, longer, records)


@pytest.mark.parametrize("settings", [{"epochs": 2}, {"max_minutes": 9.0}, {}])
def test_other_settings_than_a_longer_training_begin_anew(settings, bounded, records):
    assert find_begun(bounded, replace(bounded.experiment, **settings), records) is None


def test_going_on_says_that_time_has_ended_the_run(bounded):
    with pytest.raises(RunError, match="was ended by --max-minutes 5"):
        require_begun(None, bounded)


def test_run_of_jax_does_not_go_on(run, records, capsys):
    (run / "history.csv").write_text("epoch\n1\n")
    finished = read_former(run)._replace(engine=Engine(backend="jax"))
    assert find_begun(finished, replace(EXPERIMENT, epochs=11), records) is None
    assert "was trained with --num-processes" in capsys.readouterr().out
    with pytest.raises(RunError, match="such a run does not go on. Begin anew: --config"):
        require_begun(None, finished)
