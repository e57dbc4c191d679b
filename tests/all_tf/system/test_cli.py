"""What all scripts share: bounds of their options, quoted commands, one line for an error."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from all_tf.system.cli import exit_on_errors, script_parser


@pytest.fixture
def parser():
    parser = script_parser("Text.")
    parser.add_argument("--number", type=int)
    parser.add_argument("--share", type=float)
    parser.add_argument("--out", type=Path)
    parser.add_subparsers().add_parser("sub").add_argument("--inner", type=int)
    return parser


def test_plain_types_have_bounds_also_below_a_subcommand(parser, capsys):
    args = parser.parse_args(["--number", "5", "--share", ".5", "--out", "a/b", "sub"])
    assert (args.number, args.share, args.out) == (5, 0.5, Path("a/b"))
    for wrong in (["--number", "-1"], ["--share", "nan"], ["--out", ""], ["sub", "--inner", "-1"]):
        with pytest.raises(SystemExit) as ended:
            parser.parse_args(wrong)
        assert ended.value.code == 2 and "expected a" in capsys.readouterr().err


@pytest.mark.parametrize("error", [OSError("no disk"), ValueError("no disk")])
def test_error_is_one_line_and_exit_code_1(error):
    with pytest.raises(SystemExit, match="^error: no disk$"), exit_on_errors():
        raise error


_SWALLOWS = """
import os, signal
try:
    os.kill(os.getpid(), signal.SIGTERM)
except BaseException:
    pass
"""
_IMPORTS = """
from pathlib import Path
from all_tf.system.cli import exit_on_errors
from all_tf.system.outputs import claimed_file, claimed_folder
with exit_on_errors(), claimed_file(Path("a.csv")), claimed_folder(Path("runs/b")):
    import swallows
"""


def test_signal_that_a_module_would_swallow_ends_the_script_and_leaves_nothing(tmp_path):
    (tmp_path / "swallows.py").write_text(_SWALLOWS)
    path = f"{tmp_path}{os.pathsep}{os.environ['PYTHONPATH']}"
    answer = subprocess.run(
        [sys.executable, "-c", _IMPORTS],
        env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert (answer.returncode, answer.stderr) == (143, b"\ninterrupted\n")
    assert [each.name for each in tmp_path.iterdir()] == ["swallows.py"]


_ENDS_WITH_AN_ERROR = """
import os, signal, sys
from all_tf.system.cli import exit_on_errors
class Late(ValueError):
    def __str__(self):
        os.kill(os.getpid(), int(sys.argv[1]))
        return "late"
with exit_on_errors():
    raise Late
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_while_an_error_is_said_ends_the_script_without_a_traceback(number):
    command = [sys.executable, "-c", _ENDS_WITH_AN_ERROR, str(int(number))]
    answer = subprocess.run(command, capture_output=True, check=False)
    assert (answer.returncode, answer.stderr) == (-number, b"")
