"""A command in a message is quoted, and starts with the interpreter and the path that work here."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from all_tf.system import script_command as room
from all_tf.system.script_command import install_command, runnable, script_command
from tests.conftest import ROOT

TEXT = "Score it again: python scripts/verify.py RUN, or not."


@pytest.fixture
def here(monkeypatch, tmp_path):
    """Go to a folder whose first `python` on the path is another one; nothing is remembered."""

    def go(folder: Path, first_on_path: Path = tmp_path) -> None:
        for answer in (room._python, room._path):
            answer.cache_clear()
        monkeypatch.chdir(folder)
        monkeypatch.setenv("PATH", str(first_on_path))

    yield go
    for answer in (room._python, room._path):
        answer.cache_clear()


def test_command_is_read_by_a_shell_as_it_was_given():
    line = script_command("train.py", "--resume", Path("my runs/it's $HOME"))
    assert shlex.split(line)[1:] == ["scripts/train.py", "--resume", "my runs/it's $HOME"]


def test_python_stays_where_it_is_this_one(here):
    here(ROOT, Path(sys.executable).parent)
    assert runnable(TEXT) == TEXT


def test_interpreter_of_an_environment_that_is_not_active_has_its_path(here):
    here(ROOT)
    expected = sys.executable.removeprefix(f"{ROOT}/")
    assert runnable(TEXT) == TEXT.replace("python ", f"{shlex.quote(expected)} ")


def test_command_starts_from_another_folder(here, tmp_path):
    folder = tmp_path / "a b"
    folder.mkdir()
    here(folder)
    command = runnable(TEXT).removeprefix("Score it again: ").removesuffix(" RUN, or not.")
    ended = subprocess.run(
        f"{command} --help", shell=True, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0 and "verify.py" in ended.stdout, command


def test_extra_is_installed_from_the_checkout_or_by_the_name_of_the_package(here, monkeypatch):
    text = f"Install it: {install_command('page')}; or not."
    here(ROOT)
    assert runnable(text) == "Install it: pip install -e '.[page]'; or not."
    here(ROOT / "docs")
    assert runnable(text) == f"Install it: pip install -e '{ROOT}[page]'; or not."
    monkeypatch.setattr(room, "_CHECKOUT", ROOT / "docs")
    assert runnable(text) == "Install it: pip install 'all_tf[page]'; or not."
