"""The study in one command: what runs, what is kept, and how several processes share it."""

import os
import signal
import subprocess
import time
from contextlib import ExitStack

import pytest

from all_tf.config.presets import EXPERIMENTS
from all_tf.launch import run_queue
from all_tf.launch.run_queue import ELSEWHERE, Study, run_rows
from all_tf.system.locks import lock_of, locked
from tests.conftest import read_rows
from tests.study_bench import ROWS, command, trained


def test_rows_run_in_order_and_finished_ones_are_kept(bench, call):
    first = call()
    assert first.returncode == 0, first.stderr
    assert trained(bench) == ROWS.split(",")
    assert "row 2 of 3: vgg16" in first.stdout
    before = (bench / "study/study.md").read_text()
    assert before in first.stdout and (bench / "study/study.png").is_file()
    again = call()
    assert again.returncode == 0 and "row 2 of 3: vgg16 is finished already" in again.stdout
    assert trained(bench) == ROWS.split(",")
    assert (bench / "study/study.md").read_text() == before


def test_failure_stands_in_the_table_and_does_not_stop_the_rest(bench, call):
    (bench / "fail-base_cnn").touch()
    (bench / "kill-vgg16").touch()
    answer = call()
    assert answer.returncode == 1
    assert "error: 2 of 3 rows failed: base_cnn, vgg16" in answer.stderr
    assert "some words" in answer.stdout and "study/base_cnn.log" in answer.stdout
    text = (bench / "study/study.md").read_text()
    assert "failed: no weights for it" in text
    assert "failed: ended by SIGKILL, perhaps for want of memory" in text
    rows = read_rows(bench / "study/study.csv")
    assert [row["status"] for row in rows] == ["failed", "failed", "finished"]
    assert [row["f1"] == "" for row in rows] == [True, True, False]
    (bench / "fail-base_cnn").unlink()
    (bench / "kill-vgg16").unlink()
    assert call().returncode == 0
    assert trained(bench) == [*ROWS.split(","), "base_cnn", "vgg16"]
    assert (bench / "study/base_cnn.unfinished-1/config.json").is_file()


def test_row_whose_process_fails_after_its_last_result_is_finished(bench, call):
    (bench / "late-vgg16").touch()
    answer = call(rows="vgg16")
    assert answer.returncode == 0
    assert "its process failed afterwards: exit code 1: FileNotFoundError" in answer.stdout
    assert [row["status"] for row in read_rows(bench / "study/study.csv")] == ["finished"]


@pytest.mark.parametrize("missing", ["metrics.json", "evaluation/validation/metrics.json"])
def test_run_that_was_cut_short_is_put_aside_and_done_again(missing, bench, call):
    assert call(rows="vgg16").returncode == 0
    (bench / "study/vgg16" / missing).unlink()
    answer = call(rows="vgg16")
    assert answer.returncode == 0 and "an unfinished run was renamed to" in answer.stdout
    assert trained(bench) == ["vgg16", "vgg16"]
    assert (bench / "study/vgg16" / missing).is_file()
    assert not (bench / "study/vgg16.unfinished-1" / missing).exists()


def test_run_that_has_completed_an_epoch_goes_on_where_it_was(bench, call):
    assert call(rows="vgg16").returncode == 0
    (bench / "study/vgg16/metrics.json").unlink()
    (bench / "study/vgg16/state/epoch-0002").mkdir(parents=True)
    answer = call(rows="vgg16")
    assert answer.returncode == 0 and "resuming after epoch 2" in answer.stdout
    assert (bench / "study/vgg16/state/epoch-0002").is_dir()
    assert not (bench / "study/vgg16.unfinished-1").exists()
    (bench / "study/vgg16/metrics.json").unlink()
    answer = call("--seed", 3, rows="vgg16")  # What is there is not what is asked for now.
    assert answer.returncode == 0 and "an unfinished run was renamed to" in answer.stdout


def test_row_finished_with_other_settings_is_not_reused(bench, call):
    assert call("--epochs", 2, rows="vgg16").returncode == 0
    answer = call()
    assert answer.returncode == 1
    assert "study/vgg16 is finished with epochs 2, asked for 20" in answer.stderr
    assert trained(bench) == ["vgg16"]  # Refused before base_cnn, which comes first, was trained.
    (bench / "records/folds.csv").write_text("name,group,fold\na,b,0\n")
    assert "another folds.csv" in call("--epochs", 2, rows="vgg16").stderr


def test_folder_of_something_else_is_left_alone(bench, call):
    (bench / "study/vgg16").mkdir(parents=True)
    (bench / "study/vgg16/thesis.txt").write_text("text")
    answer = call()
    assert answer.returncode == 1 and "is not empty and holds no run of all_tf" in answer.stderr
    assert (bench / "study/vgg16/thesis.txt").is_file() and not (bench / "order.txt").exists()


def test_folder_of_a_training_that_died_before_it_began_is_trained_in(bench, call):
    (bench / "study/vgg16").mkdir(parents=True)
    (bench / "study/vgg16/.lock").touch()
    assert call(rows="vgg16").returncode == 0
    assert [path.name for path in bench.glob("study/vgg16*/")] == ["vgg16"]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def hung(bench) -> int:
    """The process of a training that hangs, once it does."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        log = bench / "study/vgg16.log"
        if log.exists() and "epoch 1/2" in log.read_text():
            return int((bench / "order.txt").read_text().splitlines()[-1].split()[1])
        time.sleep(0.1)
    raise TimeoutError("The stub did not begin.")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_interrupted_study_ends_its_child_and_goes_on_where_it_was(number, code, bench, call):
    (bench / "hang-vgg16").touch()
    with subprocess.Popen(
        command(bench), cwd=bench, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as study:
        child = hung(bench)
        out = ""
        while "  epoch 1/2  loss 0.700" not in out:  # Until the study has looked at the log.
            line = study.stdout.readline()
            assert line, out
            out += line
        study.send_signal(number)
        _, err = study.communicate(timeout=120)
    assert study.returncode == code and not is_alive(child)
    assert "the same command goes on from here" in err and "Traceback" not in err
    (bench / "hang-vgg16").unlink()
    assert call().returncode == 0
    assert trained(bench) == ["base_cnn", "vgg16", "vgg16", "densenet169"]


def test_training_that_outlives_a_killed_study_keeps_others_from_its_row(bench, call):
    (bench / "hang-vgg16").touch()
    with subprocess.Popen(command(bench), cwd=bench, stdout=subprocess.DEVNULL) as study:
        child = hung(bench)
        study.kill()
    try:
        answer = call()
        assert answer.returncode == 0
        assert "1 of 3 rows are left to the processes that train them: vgg16" in answer.stdout
        assert trained(bench) == ["base_cnn", "vgg16", "densenet169"]
    finally:
        os.kill(child, signal.SIGKILL)
    (bench / "hang-vgg16").unlink()
    while is_alive(child):
        time.sleep(0.1)
    assert call().returncode == 0
    assert trained(bench) == ["base_cnn", "vgg16", "densenet169", "vgg16"]


def test_two_processes_share_a_study_and_train_each_row_once(bench, call):
    (bench / "hang-vgg16").touch()
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command(bench), cwd=bench, **options) as other:
        child = hung(bench)
        answer = call()
        assert "vgg16: another process trains it" in answer.stdout
        os.kill(child, signal.SIGKILL)
        out, _ = other.communicate(timeout=120)
    assert "row 3 of 3: densenet169 is finished already" in out
    assert trained(bench) == ["base_cnn", "vgg16", "densenet169"]
    assert [row["status"] for row in read_rows(bench / "study/study.csv")] == [
        *("finished", "failed", "finished")
    ]


@pytest.mark.parametrize("killed", [True, False])
def test_row_of_another_process_is_looked_at_once_more_at_the_end(killed, bench, monkeypatch):
    rows = {name: EXPERIMENTS[name] for name in ("base_cnn", "vgg16")}
    study = Study(bench / "study", bench / "records")
    study.folder.mkdir()
    with ExitStack() as other:
        other.enter_context(locked(study.folder, refusal=OSError(), name=lock_of("base_cnn")))

        def train(*arguments, lock):
            if killed:
                other.close()

        monkeypatch.setattr(run_queue, "_train_row", train)
        ended = ("base_cnn", None if killed else ELSEWHERE)
        assert list(run_rows(rows, study)) == [("vgg16", None), ended]


def test_row_that_failed_here_and_was_finished_by_another_process_is_finished(
    bench, call, monkeypatch
):
    call(rows="vgg16")
    monkeypatch.setattr(run_queue, "run_rows", lambda rows, study: iter([("vgg16", "no memory")]))
    assert call(rows="vgg16").returncode == 0
    assert [row["status"] for row in read_rows(bench / "study/study.csv")] == ["finished"]
