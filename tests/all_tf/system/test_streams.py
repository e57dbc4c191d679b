"""Standard streams that are closed, or break, never end the work of a script."""

import subprocess
import sys

import pytest

from tests.conftest import ROOT

WORK = """
import os, sys
from all_tf.system.cli import exit_on_errors
with exit_on_errors():
    with open("result", "w") as file:
        assert file.fileno() > 2
        for number in range(3000):
            print("a line of output", number, flush=True)
            print("a line of errors", number, file=sys.stderr)
        os.write(2, b"of a library")
        file.write("whole")
"""


def shell(redirection, folder, code=WORK):
    """Run a script by the shell: its exit code, and what it wrote to stdout and stderr."""
    (folder / "script.py").write_text(code)
    line = f'"{sys.executable}" script.py {redirection}; exit ${{PIPESTATUS[0]}}'
    return subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    "redirection", ["2>&-", ">&-", "<&- >&- 2>&-", "| head -1", "2>&1 | true", "2> >(true) | true"]
)
def test_work_is_done_and_ends_well(redirection, tmp_path):
    answer = shell(redirection, tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert (tmp_path / "result").read_text() == "whole"
    assert "Traceback" not in answer.stderr and "BrokenPipe" not in answer.stderr


def test_output_that_a_full_disk_swallowed_is_an_error_after_the_work(tmp_path):
    answer = shell("> /dev/full", tmp_path)
    assert answer.returncode == 1 and (tmp_path / "result").read_text() == "whole"
    last = answer.stderr.splitlines()[-1]
    assert last.endswith(
        "what was printed could not be written: [Errno 28] No space left on device"
    )


@pytest.mark.parametrize("redirection", ["2>&-", ">&-", "2> /dev/full", "| true"])
def test_exit_code_of_an_error_stays(redirection, tmp_path):
    code = WORK.replace('file.write("whole")', 'raise ValueError("no")')
    assert shell(redirection, tmp_path, code).returncode == 1


def test_text_that_the_terminal_cannot_show_is_escaped(tmp_path):
    code = WORK.replace("a line of output", "\\u00b5 \\udc80")
    answer = shell("", tmp_path, code)
    assert answer.returncode == 0 and "\u00b5 \\udc80 7" in answer.stdout


def test_streams_that_pytest_has_replaced_stay(capsys):
    from all_tf.system.cli import exit_on_errors

    before = sys.stdout, sys.stderr
    with exit_on_errors():
        print("seen")
    assert (sys.stdout, sys.stderr) == before and capsys.readouterr().out == "seen\n"
