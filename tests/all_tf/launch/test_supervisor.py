"""Parts of a training that run apart end together, whichever of them ends first, and however."""

import signal
import socket
import subprocess
import sys
import time

import psutil
import pytest

from tests.all_tf.commands.test_interrupts import handles_sigterm
from tests.conftest import ROOT

_PARENT = """
import sys
from all_tf.launch.cluster import ProcessInfo
from all_tf.launch.supervisor import supervise

index, address, child = sys.argv[1:]
outcome = supervise(ProcessInfo(int(index), 3, address), [sys.executable, "-c", child])
print(outcome.lost, flush=True)
sys.exit(outcome.code)
"""
_WAIT = "import time; time.sleep(60)"


def free_address() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"127.0.0.1:{server.getsockname()[1]}"


def start(*children: str) -> list[subprocess.Popen]:
    address = free_address()
    return [
        subprocess.Popen(
            [sys.executable, "-c", _PARENT, str(index), address, child],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for index, child in enumerate(children)
    ]


def ends(parents: list[subprocess.Popen]) -> list[tuple[int, str]]:
    """Exit code and what was said to be lost, of each."""
    return [(parent.wait(50), parent.communicate()[0].strip()) for parent in parents]


def child_of(parent: subprocess.Popen) -> psutil.Process:
    while not (children := psutil.Process(parent.pid).children()):
        assert parent.poll() is None, "ended before it had a child"
        time.sleep(0.05)
    return children[0]


def test_all_parts_come_to_their_end_together():
    same = "import os; assert os.environ['ALL_TF_JAX_ADDRESS'].startswith('127.0.0.1:')"
    assert ends(start(same, f"{same}; import time; time.sleep(0.5)", same)) == 3 * [(0, "None")]


@pytest.mark.parametrize("index", [0, 1])
def test_killed_part_ends_the_others(index):
    parents = start(_WAIT, _WAIT, _WAIT)
    child_of(parents[index]).kill()
    lost = f"process {index} of 3 is lost: ended by SIGKILL, perhaps for want of memory"
    assert ends(parents) == [(137 if k == index else 1, lost) for k in range(3)]


def test_failing_part_ends_the_others_and_has_said_why():
    parents = start(_WAIT, "raise SystemExit(3)", _WAIT)
    lost = "process 1 of 3 is lost: exit code 3"
    assert ends(parents) == [(1, lost), (3, "None"), (1, lost)]


@pytest.mark.parametrize("index", [0, 2])
def test_lost_machine_ends_the_others(index):
    parents = start(_WAIT, _WAIT, _WAIT)
    child = child_of(parents[index])
    for parent in parents:
        child_of(parent)
    parents[index].kill()
    child.kill()
    codes = [code for code, _ in ends(parents)]
    assert codes == [-signal.SIGKILL if k == index else 1 for k in range(3)]


def test_part_that_is_told_to_end_passes_it_on():
    parents = start(_WAIT, _WAIT, _WAIT)
    for parent in parents:
        child_of(parent)
    for parent in parents:
        assert handles_sigterm(parent.pid)  # Before it had a child.
        parent.terminate()
    assert {code for code, _ in ends(parents)} == {128 + signal.SIGTERM}
