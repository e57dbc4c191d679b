"""The command all-tf: its list of commands, their options, completion, and other packages."""

import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT

SCRIPTS = sorted(path.stem for path in (ROOT / "scripts").glob("*.py"))


def call(*words, cwd=ROOT, **environment) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "all_tf", *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**os.environ, **environment},
    )


def test_every_script_is_a_command_with_the_first_line_of_its_help():
    modules = sorted(path.stem for path in (ROOT / "all_tf/commands").glob("[!_]*.py"))
    assert modules == SCRIPTS
    listed = call("--help").stdout
    for name in SCRIPTS:
        stub = (ROOT / "scripts" / f"{name}.py").read_text()
        assert f"from all_tf.commands.{name} import main" in stub
        assert f"\n    {name.replace('_', '-')}" in listed
    assert "Put finished runs side by side\n" in listed


@pytest.mark.parametrize("name", ["cut-cells", "cut_cells"])
def test_command_is_the_script_and_speaks_of_itself_as_the_command(name):
    answer = call(name, "--help")
    assert answer.returncode == 0
    assert answer.stdout.startswith("usage: all-tf cut-cells")
    assert "all-tf cut-cells " in answer.stdout.partition("--out")[2]
    assert "scripts/" not in answer.stdout


def test_errors_name_the_command_that_helps(tmp_path):
    answer = call("train", "--arch", "base_cnn", "--records", str(tmp_path / "no"))
    assert answer.returncode == 1
    assert "all-tf make-tfrecords" in answer.stderr and "Traceback" not in answer.stderr


@pytest.mark.parametrize("words", [(), ("trian",), ("--verison",)])
def test_unknown_command_ends_with_the_usage(words):
    answer = call(*words)
    assert answer.returncode == 2
    assert answer.stderr.startswith("usage: all-tf")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("all-tf cut", {"cut-cells"}),
        ("all-tf train --image", {"--image-size"}),
        ("all-tf  train  --image", {"--image-size"}),
        ("all-tf train --arch densenet1", {"densenet121", "densenet161", "densenet169"}),
    ],
)
def test_shell_completes_commands_options_and_values(line, expected, tmp_path):
    answers = tmp_path / "answers"
    call(
        **{"_ARGCOMPLETE": "1", "COMP_LINE": line, "COMP_POINT": str(len(line)), "IFS": "\n"},
        _ARGCOMPLETE_STDOUT_FILENAME=str(answers),
        _ARGCOMPLETE_IFS="\n",
        _ARGCOMPLETE_SUPPRESS_SPACE="1",
    )
    assert {word.strip() for word in answers.read_text().split("\n")} == expected


@pytest.mark.parametrize("name", ["builders", "tfrecords"])
def test_package_of_somebody_else_is_named(name, tmp_path):
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").touch()
    answer = call("verify", "--help", cwd=tmp_path, PYTHONPATH=str(ROOT))
    assert answer.returncode != 0
    assert f"ImportError: all_tf needs its own package {name}" in answer.stderr
    assert str(tmp_path / name) in answer.stderr
