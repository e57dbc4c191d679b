"""Ctrl-C ends a command with one line and the exit code of the signal, whatever it is doing."""

import os
import signal
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

import pytest

from all_tf.system.script_parser import ScriptParser
from tests.conftest import ROOT
from tests.untrained import write_run

SCRIPTS = sorted(path.name for path in (ROOT / "scripts").glob("*.py"))
DURING_WORK = (1.0, 5.0)  # Seconds: while TensorFlow is imported, and after.
MINIMAL = {  # Words that a script begins to work with; without an entry: the name of a run.
    "benchmark.py": ("gpu",),
    "calibrate.py": ("run", "--records", "records", "--name", "lab"),
    "cut_cells.py": ("field.png", "--out", "cells"),
    "doctor.py": (),
    "export.py": ("run", "--format", "keras"),
    "import_weights.py": ("--arch", "googlenet", "--from", "none.pth", "--out", "a.weights.h5"),
    "make_synthetic.py": ("--out", "synthetic", "--images", "2000"),
    "make_tfrecords.py": ("--source", "none", "--records", "records"),
    "predict.py": ("run", "cell.png"),
    "run_study.py": ("--study-dir", "study"),
    "show_batch.py": ("--augment", "hflip", "--out", "batch.png"),
    "sweep.py": ("--space", "space.json", "--trials", "1", "--study-dir", "sweep"),
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


class Accepted(BaseException):
    """The parser of a script has taken its words."""


@pytest.mark.parametrize("script", SCRIPTS)
def test_script_accepts_the_words_with_which_it_is_interrupted(script, monkeypatch):
    def parse(self, *arguments):
        accept(self, *arguments)
        raise Accepted

    accept = ScriptParser.parse_args
    monkeypatch.setattr(ScriptParser, "parse_args", parse)
    monkeypatch.setattr(sys, "argv", [script, *MINIMAL.get(script, ("run",))])
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    handlers = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    with pytest.raises(Accepted):
        import_module(f"all_tf.commands.{Path(script).stem}").main()
    for each, handler in handlers.items():
        signal.signal(each, handler)


@pytest.mark.parametrize("script", SCRIPTS)
def test_script_that_is_interrupted_as_it_starts_ends_in_one_line(script, tmp_path):
    code, lines = interrupt(script, *MINIMAL.get(script, ("run",)), cwd=tmp_path)
    if code in (1, -signal.SIGINT):  # It was faster, since there is no run; Python was ending.
        assert not any("Traceback" in line or "interrupted" in line for line in lines)
    else:
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
