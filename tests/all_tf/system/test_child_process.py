"""A command writes its log, ends when it is told to, and says why it failed."""

import os
import signal
import sys

import pytest

from all_tf.system import child_process
from all_tf.system.child_process import describe_exit, failure_reason, read_tail, run_logged


@pytest.fixture
def run(tmp_path):
    """Run Python code, and give its exit code and its log."""
    log = tmp_path / "log"

    def run(code: str, on_poll=lambda: None) -> tuple[int, str]:
        return run_logged([sys.executable, "-c", code], log, on_poll=on_poll), log.read_text()

    return run


def test_log_has_both_streams_and_the_exit_code_comes_back(run):
    code, log = run("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)")
    assert code == 3 and log.splitlines() == ["out", "err"]


def test_child_has_ended_when_look_raises(run, tmp_path, monkeypatch):
    monkeypatch.setattr(child_process, "_SECONDS_BETWEEN_POLLS", 0.05)
    number = tmp_path / "number"

    def look():
        if number.exists() and number.read_text():
            raise KeyError

    code = f"import os, time; open({str(number)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        with pytest.raises(KeyError):
            run(code, look)
    finally:
        for each, handler in before.items():  # Ending a child has them ignored.
            signal.signal(each, handler)
    with pytest.raises(ProcessLookupError):
        os.kill(int(number.read_text()), 0)


@pytest.mark.parametrize(
    ("code", "log", "reason"),
    [
        (1, "epoch 1\nerror: no records\nmore\n", "no records"),
        (2, "Traceback\nKeyError: 'x'\n\n", "exit code 2: KeyError: 'x'"),
        (-9, "", "ended by SIGKILL, perhaps for want of memory"),
    ],
)
def test_reason_is_the_last_error_or_how_it_ended(code, log, reason, tmp_path):
    path = tmp_path / "log"
    path.write_text(log)
    assert failure_reason(code, path) == reason


def test_signal_is_named_and_a_long_log_is_read_from_its_end(tmp_path):
    assert describe_exit(-signal.SIGTERM) == "ended by SIGTERM"
    path = tmp_path / "log"
    path.write_text("x" * 100 + "\nlast\n")
    assert read_tail(path, num_bytes=8) == ["xx", "last"]


def test_log_that_somebody_has_removed_has_no_lines(tmp_path):
    assert read_tail(tmp_path / "log") == []
    assert failure_reason(1, tmp_path / "log") == "exit code 1"
