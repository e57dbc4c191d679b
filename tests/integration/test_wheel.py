"""A wheel, built of what the Dockerfile copies, brings all commands with what they read."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from configparser import ConfigParser
from pathlib import Path

import pytest

from tests.conftest import ROOT


def succeed(*words, **how) -> str:
    """What a command prints. It knows nothing of the checkout, which pip takes for installed."""
    how["env"] = {**os.environ, "PYTHONPATH": "", **how.get("env", {})}
    answer = subprocess.run([*map(str, words)], capture_output=True, text=True, check=False, **how)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


def instructions(name: str) -> list[str]:
    """The arguments of each such instruction of the Dockerfile."""
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    return [line.partition(" ")[2] for line in lines if line.startswith(f"{name} ")]


def copied_names() -> list[str]:
    """What the Dockerfile copies: files, or a folder to one of its name."""
    return [name for words in instructions("COPY") for name in words.split()[:-1]]


def test_image_installs_what_setup_names_and_starts_the_command():
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    # No container completes the words of a shell, and none runs the tests.
    of_users = set(setup["options.extras_require"]) - {"completion", "test"}
    for line, left_out in zip(instructions("RUN"), (set(), {"gpu"}), strict=True):
        (extras,) = re.findall(r"--constraint constraints\.txt \"\.\[([\w,]+)\]\"$", line)
        assert set(extras.split(",")) == of_users - left_out
    assert len(instructions("RUN")) == len(instructions("ENTRYPOINT")) == 2
    (program,) = {json.loads(words)[0] for words in instructions("ENTRYPOINT")}
    assert setup["options.entry_points"]["console_scripts"].strip().startswith(f"{program} = ")
    kept = (ROOT / ".dockerignore").read_text().splitlines()
    assert {line.removeprefix("!") for line in kept if line[0] == "!"} == set(copied_names())


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """A virtual environment with the wheel; the libraries are those of the tests' environment."""
    home = tmp_path_factory.mktemp("wheel")
    source = home / "source"
    source.mkdir()
    for name in copied_names():  # A build leaves folders beside its source.
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, source / name)
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    succeed(*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", home, source)
    (wheel,) = home.glob("*.whl")
    succeed(sys.executable, "-m", "venv", "--without-pip", home / "venv")
    python = home / "venv/bin/python"
    succeed(*pip, "--python", python, "install", "--no-deps", "--no-index", wheel)
    purelib = "import sysconfig; print(sysconfig.get_path('purelib'))"
    # A line that is a path alone: the tests' link to the checkout is not followed.
    libraries = Path(succeed(python, "-c", purelib).strip(), "libraries.pth")
    libraries.write_text(sysconfig.get_path("purelib") + "\n")
    return home / "venv/bin"


@pytest.mark.slow
def test_commands_of_a_wheel_lead_from_images_to_a_report(environment, synthetic, tmp_path):
    path = {"PATH": f"{environment}:{os.environ['PATH']}"}

    def type_line(line: str) -> str:
        return succeed(*shlex.split(line), cwd=tmp_path, env=path)

    place = type_line("python -c 'import all_tf; print(all_tf.__file__)'")
    assert Path(place.strip()).is_relative_to(environment.parent)
    packed = type_line(f"all-tf make-tfrecords --source {synthetic} --records records --no-scan")
    assert "Next: all-tf train --experiment scratch --records records" in packed
    asked = "all-tf train --arch base_cnn --image-size 32 --epochs 1 --limit-train 32"
    type_line(f"{asked} --records records --run-dir run")
    assert "run/report.html" in type_line("all-tf report run")
