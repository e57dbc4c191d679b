"""Two processes that train together, one of which is killed, end with what one process learns."""

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import jax
import numpy as np
import psutil
import pytest

from all_tf.config.choices import DIRECTIONS
from all_tf.launch.jax_worker import is_of_an_exchange
from all_tf.runs.folder import epochs_done
from tests.conftest import ROOT, read_rows

OPTIONS = (
    *("--arch", "base_cnn", "--image-size", 32, "--batch-size", 16, "--learning-rate", 0.01),
    *("--augment", "hflip,random_crop,mixup", "--imbalance", "class_weights", "--dropout", 0.3),
    *("--weights", "none", "--fold", 1, "--epochs", 4, "--limit-train", 42, "--deterministic"),
)


def start(*arguments, count: int) -> list[subprocess.Popen]:
    """All processes of a training, on this machine."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    return [
        subprocess.Popen(
            [
                *(sys.executable, ROOT / "scripts/train.py", *map(str, arguments)),
                *("--num-processes", str(count), "--process-id", str(index)),
                *("--coordinator", f"127.0.0.1:{port}"),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for index in range(count)
    ]


def ends(processes: list[subprocess.Popen]) -> list[tuple[int, str, str]]:
    """Exit code, standard output and standard error of each."""
    outputs = [process.communicate(timeout=200) for process in processes]
    return [
        (process.returncode, *output) for process, output in zip(processes, outputs, strict=True)
    ]


def kill_part(process: subprocess.Popen, run: Path, *, after_epoch: int) -> None:
    while epochs_done(run) < after_epoch and process.poll() is None:
        time.sleep(0.02)
    (child,) = psutil.Process(process.pid).children()
    child.kill()


@pytest.fixture(scope="module")
def runs(records, tmp_path_factory):
    """A run of one process, one of two that lost the second and was resumed, and what they said."""
    folder = tmp_path_factory.mktemp("runs")
    whole = ("--records", records, "--run-dir", folder / "one")
    (alone,) = ends(start(*OPTIONS, *whole, count=1))
    assert alone[0] == 0, alone[2]
    run = folder / "two"
    two = start(*OPTIONS, "--records", records, "--run-dir", run, count=2)
    kill_part(two[1], run, after_epoch=1)
    cut_off = ends(two)
    status = json.loads((run / "status.json").read_text())
    return folder, cut_off, status, ends(start("--resume", run, count=2))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (jax.errors.JaxRuntimeError("anything"), True),
        (ValueError("UNKNOWN: Gloo AllGather failed: Connection closed by peer"), True),
        (ValueError("Unknown monitor. Received: monitor=val_f2"), False),
        (KeyboardInterrupt(15), False),
    ],
)
def test_failed_exchange_is_told_from_an_error_of_ones_own(error, expected):
    assert is_of_an_exchange(error) == expected


@pytest.mark.slow
def test_lost_process_ends_the_other_with_one_clear_error(runs):
    _, (survivor, killed), status, _ = runs
    assert (survivor[0], killed[0]) == (1, 137)
    lost = "process 1 of 2 is lost: ended by SIGKILL"
    for _, _, errors in (survivor, killed):
        last = errors.strip().splitlines()[-1]
        assert last.startswith(f"error: {lost}") and "scripts/train.py --resume" in last
        assert "Traceback" not in errors
    assert status["state"] == "failed" and status["message"].startswith(lost)


@pytest.mark.slow
def test_both_resume_and_only_the_first_speaks(runs):
    folder, _, _, (first, second) = runs
    assert (first[0], second[0]) == (0, 0), first[2] + second[2]
    assert "resuming after" in first[1]
    assert "epoch" not in second[1] + second[2]
    assert json.loads((folder / "two/status.json").read_text())["state"] == "finished"


@pytest.mark.slow
def test_two_processes_learn_what_one_learns(runs):
    one, two = runs[0] / "one", runs[0] / "two"
    rows = read_rows(one / "history.csv"), read_rows(two / "history.csv")
    assert len(rows[0]) == len(rows[1]) == 4
    for expected, found in zip(*rows, strict=True):
        for key in (*DIRECTIONS, *(f"val_{key}" for key in DIRECTIONS)):
            assert float(found[key]) == pytest.approx(float(expected[key]), abs=1e-4), key
    weights = [np.load(run / "state/epoch-0004/arrays.npz") for run in (one, two)]
    for name in weights[0].files:
        np.testing.assert_allclose(weights[1][name], weights[0][name], atol=1e-4, rtol=1e-4)
    logits = [
        [float(row["logit"]) for row in read_rows(run / "evaluation/validation/predictions.csv")]
        for run in (one, two)
    ]
    np.testing.assert_allclose(logits[1], logits[0], atol=1e-3)


@pytest.mark.slow
def test_run_of_two_processes_is_one_run(runs):
    one, two = runs[0] / "one", runs[0] / "two"
    files = [
        {str(path.relative_to(run)) for path in run.rglob("*") if "tfevents" not in path.name}
        for run in (one, two)
    ]
    assert files[1] - files[0] == {"environment-after-epoch-1.json"} and not files[0] - files[1]
    assert json.loads((two / "config.json").read_text())["engine"]["backend"] == "jax"
