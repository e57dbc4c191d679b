"""Ctrl-C ends a command with one line and the exit code of the signal, whatever it is doing."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.untrained import write_run

SCRIPTS = sorted(path.name for path in (ROOT / "scripts").glob("*.py"))
DURING_WORK = (1.0, 2.0, 3.0, 4.0, 6.0)  # Seconds: while TensorFlow is imported, and after.
MINIMAL = {
    "benchmark.py": ("gpu",),
    "compare.py": ("run",),
    "doctor.py": (),
    "export.py": ("run", "--format", "keras"),
    "import_weights.py": ("--arch", "googlenet", "--from", "none.pth", "--out", "a.weights.h5"),
    "make_synthetic.py": ("--out", "synthetic", "--images", "2000"),
    "predict.py": ("run", "cell.png"),
    "report.py": ("run",),
    "show_batch.py": ("--augment", "hflip", "--out", "batch.png"),
    "train.py": ("--arch", "base_cnn"),
}


@pytest.fixture(scope="module")
def run(records, tmp_path_factory) -> Path:
    return write_run(tmp_path_factory.mktemp("untrained") / "run", records)


def interrupt(script, *arguments, cwd, number=signal.SIGINT, after=0.0) -> tuple[int, list[str]]:
    """Send a signal some seconds after a script has begun: its exit code, and lines of stderr."""
    process = subprocess.Popen(
        [sys.executable, ROOT / "scripts" / script, *map(str, arguments)],
        cwd=cwd,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    while process.poll() is None and not handles_sigterm(process.pid):
        time.sleep(0.002)
    time.sleep(after)
    process.send_signal(number)
    _, errors = process.communicate(timeout=300)
    return process.returncode, without_progress(errors)


def without_progress(errors: str) -> list[str]:
    """Lines that are neither empty nor say how far the work has come."""
    progress = (" left", "loading TensorFlow ...")
    return [line for line in errors.splitlines() if line and not line.endswith(progress)]


def handles_sigterm(pid: int) -> bool:
    """Whether a process has set a handler; Python has one of its own for SIGINT only."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("SigCgt:"):
            return bool(int(line.split()[1], 16) >> (signal.SIGTERM - 1) & 1)
    return False  # A process that has just ended.


@pytest.mark.parametrize("script", SCRIPTS)
def test_script_that_is_interrupted_as_it_starts_ends_in_one_line(script, tmp_path):
    code, lines = interrupt(script, *MINIMAL.get(script, ("run",)), cwd=tmp_path)
    if code not in (1, 2):  # It was faster: there is no run, and make_tfrecords.py takes none.
        assert code == 130
        assert len(lines) == 1 and lines[0].startswith("interrupted")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_exit_code_is_that_of_the_signal(number, code, run, tmp_path):
    answer = interrupt("evaluate.py", run, cwd=tmp_path, number=number, after=0.5)
    assert answer == (code, ["interrupted"])


@pytest.mark.slow
@pytest.mark.parametrize("after", DURING_WORK)
@pytest.mark.parametrize("script", ["evaluate.py", "predict.py", "probe.py", "export.py"])
def test_script_that_is_interrupted_at_work_ends_in_one_line(
    script, after, run, synthetic, tmp_path
):
    more = {"predict.py": synthetic.rglob("*.bmp"), "export.py": ("--format", "keras")}
    code, lines = interrupt(script, run, *more.get(script, ()), cwd=tmp_path, after=after)
    if code == -signal.SIGINT:  # All was done, and Python was shutting down without handlers.
        assert "interrupted" not in lines
    elif code != 0:  # Else it was faster.
        assert (code, lines) == (130, ["interrupted"])
    assert not list(run.rglob(".partial-*"))


@pytest.mark.slow
def test_drawing_by_several_processes_ends_in_one_line(tmp_path):
    script = ROOT / "scripts" / "make_synthetic.py"
    process = subprocess.Popen(
        [sys.executable, script, "--out", tmp_path / "out", "--images", "2000"],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    time.sleep(4)
    os.killpg(process.pid, signal.SIGINT)  # As a terminal sends it: to the children too.
    _, errors = process.communicate(timeout=300)
    assert (process.returncode, without_progress(errors)) == (130, ["interrupted"])
