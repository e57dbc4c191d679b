"""Children work one at a time, in the order of their turns, and a failure names its reason."""

import sys

import pytest

from all_tf.benchmarks.turns import TurnError, children, take_turns

# Writes when it works into a file that all children share; prints, as frameworks do.
WORKER = """
import sys
from all_tf.benchmarks.turns import serve_turns

def build():
    print("a message of a framework")
    def run_steps(count):
        print("another one")
        with open(sys.argv[2], "a") as file:
            file.write(f"{sys.argv[1]} begins {count}\\n")
            file.flush()
            file.write(f"{sys.argv[1]} ends {count}\\n")
    return run_steps

serve_turns(build)
"""


def test_one_works_at_a_time_and_rounds_alternate_in_order(tmp_path, capsys):
    log = tmp_path / "log"
    commands = {name: [sys.executable, "-c", WORKER, name, str(log)] for name in ("a", "b")}
    with children(commands, {}) as started:
        first, turns = take_turns(started, first_steps=3, steps=2, rounds=2)
        assert log.read_text().splitlines() == [
            f"{name} {what} {count}"
            for name, count in (("a", 3), ("b", 3), ("a", 2), ("b", 2), ("b", 2), ("a", 2))
            for what in ("begins", "ends")
        ]
    assert set(first) == {"a", "b"} and len(turns) == 2
    assert all(turn["a"].seconds > 0 <= turn["a"].cpu_seconds for turn in turns)
    assert capsys.readouterr().out == ""


def test_environment_reaches_the_children(tmp_path):
    code = "import os; from all_tf.benchmarks.turns import serve_turns\n"
    code += "serve_turns(lambda: lambda n: open(os.environ['FILE'], 'w').close())"
    with children({"a": [sys.executable, "-c", code]}, {"FILE": str(tmp_path / "x")}) as started:
        started[0].run(1)
    assert (tmp_path / "x").exists()


def test_child_that_fails_is_named_with_its_last_line():
    command = [sys.executable, "-c", "raise MemoryError('no room')"]
    with (
        children({"torch": command}, {}) as started,
        pytest.raises(TurnError, match="torch made no step. Its last line: MemoryError: no room"),
    ):
        started[0].run(1)
