"""A finished run goes on as a new one to the end that one longer run has; it stays as it is."""

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from all_tf.launch.asked import ask
from all_tf.launch.launch import with_absolute_paths
from all_tf.launch.options import parse_options
from all_tf.runs.folder import RunError, write_status
from all_tf.runs.training_images import PARENT_IMAGES_FILE
from all_tf.runs.verification import verify
from all_tf.training.start import Start
from all_tf.training.train import train
from tests.integration.test_resume import TUNED
from tests.interruptions import essence

SHORT = replace(TUNED, epochs=2, schedule="constant")
LONG = replace(SHORT, epochs=4)


@pytest.fixture(scope="module")
def short(records, tmp_path_factory):
    run = tmp_path_factory.mktemp("runs") / "short"
    train(SHORT, records, run)
    return run


@pytest.fixture
def run(short, tmp_path):
    return shutil.copytree(short, tmp_path / "20260131-101500-short")


def content_of(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def asked(monkeypatch, *arguments: object):
    """What train.py would do with these options."""
    monkeypatch.setattr(sys, "argv", ["train.py", *map(str, arguments)])
    return ask(parse_options("..."))


def test_run_that_goes_on_ends_as_one_of_all_epochs_and_the_old_one_stays(
    short, records, tmp_path, capsys
):
    before = content_of(short)
    train(LONG, records, tmp_path / "on", start=Start(begun=short))
    said = capsys.readouterr().out
    assert "goes on with" in said and "2 epochs to go, about " in said
    train(LONG, records, tmp_path / "long")
    assert essence(tmp_path / "on") == essence(tmp_path / "long")
    assert content_of(short) == before
    assert not [line for checked in verify(tmp_path / "on") for line in checked.drift]
    noted = json.loads((tmp_path / "on/config.json").read_text())["continues"]
    assert (noted["run"], noted["epoch"]) == ("short", 2)
    assert noted["as_one"].startswith("as one run of that many epochs")


def test_with_a_cosine_the_run_says_that_it_is_not_one_longer_run(records, run, tmp_path, capsys):
    cosine = replace(SHORT, schedule="cosine")
    train(cosine, records, tmp_path / "short")
    train(
        replace(cosine, epochs=3), records, tmp_path / "on", start=Start(begun=tmp_path / "short")
    )
    assert "the learning rate follows the longer schedule from here on" in capsys.readouterr().out
    noted = json.loads((tmp_path / "on/config.json").read_text())["continues"]
    assert noted["as_one"].startswith("not as one run")


@pytest.mark.parametrize("option", ["--config", "--resume"])
def test_more_epochs_of_a_finished_run_go_on_with_it(run, option, monkeypatch):
    found = asked(monkeypatch, option, run, "--epochs", 4)
    assert found.begun == run and found.experiment == replace(SHORT, epochs=4)


def test_anything_else_that_differs_begins_anew_and_is_shown(run, records, monkeypatch, capsys):
    found = asked(
        monkeypatch, "--config", run, "--epochs", 4, "--seed", 7, "--no-deterministic", "--jit=off"
    )
    assert found.begun is None and found.experiment == replace(SHORT, epochs=4, seed=7)
    assert found.records == records and found.engine.jit == "off"
    shown = capsys.readouterr().out.splitlines()
    assert "  epochs: 4, there 2" in shown and "  seed: 7, there 0" in shown
    assert "  engine jit: off, there auto" in shown and len(shown) == 4
    for other in (["--config", run], ["--config", run / "config.json", "--epochs", 4]):
        assert asked(monkeypatch, *other).begun is None
    assert asked(monkeypatch, "--config", run, "--epochs", 4, "--fold", "all").begun is None


def test_folds_take_the_settings_from_the_file_with_which_nothing_goes_on(run, monkeypatch):
    found = asked(monkeypatch, "--config", run, "--epochs", 4, "--fold", "all")
    _, arguments = with_absolute_paths(
        found.experiment, found.config, ["--config", str(run), "--epochs", "4"]
    )
    assert arguments[-2:] == ["--config", str(run / "config.json")]
    assert asked(monkeypatch, *arguments, "--fold", 1).begun is None


def test_parentage_goes_on_too(short, records, tmp_path):
    child, on = tmp_path / "child", tmp_path / "on"
    train(replace(SHORT, weights=str(short), fold=2), records, child)
    train(
        replace(LONG, weights=str(short), fold=2, epochs=3), records, on, start=Start(begun=child)
    )
    parents = [json.loads((each / "config.json").read_text())["parent"] for each in (child, on)]
    assert parents[0] == parents[1] and parents[0]["stamps"]["train fold 2"]
    assert (child / PARENT_IMAGES_FILE).read_bytes() == (on / PARENT_IMAGES_FILE).read_bytes()
    assert "learnt by its parent" in json.loads((on / "metrics.json").read_text())["stamps"]
    assert not [line for checked in verify(on) for line in checked.drift]


def test_what_cannot_go_on_says_why(run, records, tmp_path, monkeypatch):
    with pytest.raises(RunError, match="more epochs than it has"):
        asked(monkeypatch, "--resume", run, "--epochs", 2)
    with pytest.raises(SystemExit):
        asked(monkeypatch, "--resume", run, "--epochs", 4, "--seed", 3)
    (run / "state/epoch-0002/arrays.npz").write_bytes(b"no")
    with pytest.raises(RunError, match=r"after its last epoch, arrays.npz changed"):
        train(LONG, records, tmp_path / "on", start=Start(begun=run))
    assert not (tmp_path / "on").exists() and (run / "state/epoch-0002").is_dir()
    shutil.rmtree(run / "state")
    with pytest.raises(RunError, match="it was removed"):
        train(LONG, records, tmp_path / "on", start=Start(begun=run))
    write_status(run, "interrupted", epochs_done=1)
    with pytest.raises(RunError, match="is not finished. Resume it first"):
        asked(monkeypatch, "--resume", run, "--epochs", 4)


def test_run_that_its_patience_has_ended_does_not_go_on(run, monkeypatch):
    content = json.loads((run / "config.json").read_text())
    content["experiment"]["patience"] = 1
    (run / "config.json").write_text(json.dumps(content))
    (run / "SHA256SUMS").unlink()
    write_status(run, "running", epochs_done=2)  # Without checksums only such a run is read.
    monkeypatch.setattr("all_tf.launch.former_run.is_whole", lambda run: True)
    rows = (run / "history.csv").read_text().splitlines()
    keys, first, _ = (row.split(",") for row in rows)
    worse = [*first]
    worse[0], worse[keys.index("val_loss")] = "2", "9"
    (run / "history.csv").write_text("\n".join(",".join(x) for x in (keys, first, worse)) + "\n")
    with pytest.raises(RunError, match="would have ended there, too, by --patience 1"):
        asked(monkeypatch, "--config", run, "--epochs", 4)
