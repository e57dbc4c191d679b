"""A sweep: what its trials are, what several workers do, two of them killed, what is pruned."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, nullcontext
from dataclasses import replace
from pathlib import Path

import optuna
import pytest
from optuna.exceptions import StorageInternalError

from all_tf.config.presets import EXPERIMENTS
from all_tf.launch import few_patients, run_queue
from all_tf.launch.pruning import PrunedError
from all_tf.launch.run_sweep import (
    Sweep,
    _Reports,
    _signals_kept,
    open_sweep,
    rows_of,
    run_trials,
)
from all_tf.launch.sweep_space import read_space
from all_tf.launch.sweep_storage import storage_errors
from all_tf.runs.cross_validation import CrossValidation, read_cross_validation
from all_tf.runs.folder import RunError
from all_tf.runs.sweep_file import sweep_of_refit
from all_tf.system.checks import ConfigError
from all_tf.system.tables import write_csv
from tests.conftest import ROOT, read_rows
from tests.postgres import empty_database
from tfrecords.packing.writer import Settings, write_records
from tfrecords.sources.cnmc import find_images

SPACE = {
    "experiment": "base_cnn",
    "epochs": 2,
    "image_size": 32,
    "learning_rate": {"low": 1e-4, "high": 1e-1, "log": True},
    "augment": ["none", "hflip"],
}


@pytest.fixture(scope="module")
def two_folds(synthetic, tmp_path_factory) -> Path:
    """Records with a split validation, which no trial may open."""
    directory = tmp_path_factory.mktemp("two")
    write_records(find_images(synthetic), directory, Settings(folds=2, num_workers=1))
    return directory


@pytest.fixture
def bench(tmp_path, monkeypatch):
    """Copies of sweep.py and, as its train.py, of the stub; a space file."""
    shutil.copy(ROOT / "tests/stubs/sweep.py", tmp_path)
    stub = [sys.executable, str(tmp_path / "train.py")]
    monkeypatch.setattr(run_queue, "process_command", lambda name: stub)
    shutil.copy(ROOT / "tests/stubs/trial.py", tmp_path / "train.py")
    (tmp_path / "space.json").write_text(json.dumps(SPACE))
    return tmp_path


def a_sweep(bench, records, **more) -> Sweep:
    space, content = read_space(bench / "space.json")
    given = {"num_trials": 2, "metric": "kappa"} | more
    return Sweep(
        folder=bench / "sweep",
        records=records,
        space=space,
        content=content,
        **given,
    )


def start(bench, records, trials: int, *options) -> subprocess.Popen:
    """A worker as typed, in a process group of its own."""
    words = ["--space", "space.json", "--trials", trials, "--study-dir", "sweep", *options]
    return subprocess.Popen(
        [sys.executable, *map(str, [bench / "sweep.py", *words, "--records", records])],
        cwd=bench,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def calls(bench) -> list[str]:
    return (bench / "calls.txt").read_text().splitlines()


def test_trials_are_cross_validations_on_train_alone_and_the_first_is_the_row(bench, two_folds):
    with start(bench, two_folds, 2) as worker:
        out, err = worker.communicate(timeout=100)
    assert worker.returncode == 0, err
    rows = read_rows(bench / "sweep/sweep.csv")
    assert [row["trial"] for row in rows] == ["trial-0000", "trial-0001"]
    assert float(rows[0]["learning_rate"]) == EXPERIMENTS["base_cnn"].learning_rate == 1e-3
    assert (rows[0]["state"], rows[0]["score"]) == ("completed", "0.9")
    assert "The best is trial-0000, mean kappa of the folds 0.900" in out
    rate = re.search(r"trial-0001, of 2 trials: .*learning_rate ([^,\n]+)", out)[1]
    assert rate == f"{float(rows[1]['learning_rate']):.4g}"
    assert "--refit sweep/trial-0000" in out and (bench / "sweep/sweep.html").is_file()
    assert len(calls(bench)) == 4 and all("--no-held-out" in call for call in calls(bench))
    trial = read_cross_validation(bench / "sweep/trial-0000")
    assert trial.experiment.image_size == 32 and trial.folds == (0, 1)
    assert not trial.experiment.score_held_out
    swept = {"trials": 2, "trial": "trial-0000", "metric": "kappa"}
    assert sweep_of_refit(bench / "sweep/trial-0000") == swept
    assert sweep_of_refit(bench / "elsewhere") is None
    # The same command again has nothing to do, and a larger number goes on; also with a copy.
    sweep = a_sweep(bench, two_folds, num_trials=2)
    study = open_sweep(sweep)
    assert list(run_trials(sweep, study)) == []
    sweep = a_sweep(bench, shutil.copytree(two_folds, bench / "copy"), num_trials=3)
    study = open_sweep(sweep)
    assert list(run_trials(sweep, study)) == [2]
    for other in ({"metric": "auc"}, {"storage": "sqlite://"}):
        with pytest.raises(RunError, match=f"a sweep with another {next(iter(other))}"):
            open_sweep(a_sweep(bench, two_folds, **other))


def shared_by_four(bench, records, *, storage: str | None = None) -> str:
    """Four workers on one study, two of them killed: each trial is ended once; what they print."""
    (bench / "hold").touch()  # Each training waits after its first epoch.
    options = ["--storage", storage] if storage else []
    with ExitStack() as stack:
        workers = [stack.enter_context(start(bench, records, 6, *options)) for _ in range(4)]
        until = time.monotonic() + 60
        while len(list(bench.glob("sweep/trial-*/fold-0/history.csv"))) < 4:
            assert time.monotonic() < until
            time.sleep(0.05)
        workers[0].kill()  # Its training goes on without it.
        os.killpg(workers[1].pid, signal.SIGKILL)
        (bench / "hold").unlink()
        outputs = [worker.communicate(timeout=100) for worker in workers]
    assert [worker.returncode for worker in workers] == [-9, -9, 0, 0], outputs
    sweep = a_sweep(bench, records, num_trials=6, storage=storage)
    study = open_sweep(sweep)
    list(run_trials(sweep, study))  # Had the others ended before the training without a worker.
    rows = rows_of(sweep, study)
    assert [row["trial"] for row in rows] == [f"trial-{n:04}" for n in range(6)]
    assert {row["state"] for row in rows} <= {"completed", "pruned"}
    begun = [call for call in calls(bench) if "--resume" not in call]
    assert len({call.split("--run-dir ")[1] for call in begun}) == len(begun)  # Each fold once.
    assert any("--resume" in call for call in calls(bench))
    return "".join(out for out, _ in outputs)


def test_four_workers_share_a_journal_and_two_killed_ones_lose_no_trial(bench, two_folds, capsys):
    text = shared_by_four(bench, two_folds) + capsys.readouterr().out
    assert text.count("taken up again") == 2


@pytest.mark.slow
def test_four_workers_share_a_database_and_two_killed_ones_lose_no_trial(bench, two_folds):
    with empty_database() as url:
        shared_by_four(bench, two_folds, storage=url)


def test_database_that_cannot_be_opened_is_refused_without_its_password(bench, two_folds):
    url = "postgresql+psycopg2://ann:secret@127.0.0.1:1/none"
    with pytest.raises(ValueError, match="database of --storage cannot be opened") as refused:
        open_sweep(a_sweep(bench, two_folds, storage=url))
    assert "secret" not in str(refused.value)


def test_trial_behind_the_median_is_ended_and_signals_are_handled_again(bench, two_folds):
    (bench / "pause").write_text("0.7")
    sweep = a_sweep(bench, two_folds, num_trials=7)
    study = open_sweep(sweep)
    distribution = optuna.distributions.FloatDistribution(1e-4, 1e-1, log=True)
    for _ in range(5):
        done = optuna.create_trial(
            value=0.95,
            params={"learning_rate": 1e-3},
            distributions={"learning_rate": distribution},
            intermediate_values={1: 0.95, 2: 0.95},
        )
        study.add_trial(done)
    handler = signal.getsignal(signal.SIGTERM)
    trials = run_trials(sweep, study)
    assert next(trials) == 0  # The row itself, enqueued first.
    trials.close()
    assert signal.getsignal(signal.SIGTERM) is handler
    row = rows_of(sweep, study)[0]
    assert row["state"] == "pruned" and row["score"] == pytest.approx(0.9)
    assert len(calls(bench)) == 1 and not (bench / "sweep/trial-0000/fold-1").exists()


def test_training_that_fails_is_a_failed_trial_and_three_in_a_row_end_the_worker(bench, two_folds):
    (bench / "train.py").write_text("import sys; sys.exit('error: no memory for it')")
    sweep = a_sweep(bench, two_folds, num_trials=9)
    study = open_sweep(sweep)
    with pytest.raises(RunError, match="(?s)3 trials in a row have failed here.*no memory for it"):
        list(run_trials(sweep, study))
    rows = rows_of(sweep, study)
    assert [(row["state"], row["score"]) for row in rows] == [("failed", None)] * 3
    assert all("no memory for it" in row["reason"] for row in rows)


def test_what_would_end_every_trial_is_refused_and_few_patients_are_said(
    bench, two_folds, capsys, monkeypatch
):
    monkeypatch.setattr(few_patients, "few_patients", lambda *args, all_folds: [f"{all_folds}"])
    open_sweep(a_sweep(bench, two_folds))
    assert capsys.readouterr().out == "WARNING: too few patients: True.\n"
    content = SPACE | {"weights": ["none", "gone.weights.h5"]}
    (bench / "space.json").write_text(json.dumps(content))
    sweep = replace(a_sweep(bench, two_folds), folder=bench / "other")
    with pytest.raises(ConfigError, match=r"No such file of weights: gone\.weights\.h5"):
        open_sweep(sweep)
    assert not sweep.folder.exists()


@pytest.mark.parametrize("finished", [True, False])
def test_trial_whose_last_fold_is_finished_is_not_ended_for_being_behind(finished, tmp_path):
    study = optuna.create_study(direction="maximize")
    for _ in range(5):
        values = {1_000_000 * fold + epoch: 0.95 for fold in (0, 1) for epoch in (1, 2)}
        study.add_trial(optuna.create_trial(value=0.95, intermediate_values=values))
    for fold, kappa in enumerate((0.95, 0.1)):
        (tmp_path / f"fold-{fold}").mkdir()
        rows = [{"epoch": epoch, "val_kappa": kappa} for epoch in (1, 2)]
        write_csv(tmp_path / f"fold-{fold}/history.csv", rows)
    (tmp_path / "fold-0/metrics.json").touch()
    asked = CrossValidation(EXPERIMENTS["base_cnn"], (0, 1), tmp_path, ())
    report = _Reports(study.ask(), study, asked, tmp_path)
    if finished:
        (tmp_path / "fold-1/metrics.json").touch()
    with nullcontext() if finished else pytest.raises(PrunedError):
        report(tmp_path / "fold-1")


@pytest.mark.parametrize("error", [OSError, ValueError, StorageInternalError, PrunedError])
def test_signals_are_handled_again_after_whatever_ended_a_training(error):
    handler = signal.getsignal(signal.SIGTERM)
    with pytest.raises(error), _signals_kept():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise error
    assert signal.getsignal(signal.SIGTERM) is handler


def test_database_that_fails_is_one_line_that_says_how_to_go_on():
    said = "failed: server closed. The same command goes"
    with pytest.raises(OSError, match=said) as refused, storage_errors():
        raise StorageInternalError("in the commit") from ValueError("server closed\nat once")
    assert "\n" not in str(refused.value)
