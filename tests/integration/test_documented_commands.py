"""Every command that README and docs show is one that its script takes."""

import re
import shlex
from dataclasses import replace
from importlib import import_module

import pytest

from all_tf.config.presets import EXPERIMENTS
from all_tf.launch.options import parse_options
from tests.conftest import ROOT, read_rows
from tests.untrained import EXPERIMENT

README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
_COMMAND = re.compile(r"python scripts/(\w+\.py)((?:\\\n|[^\n`])*)")


def commands() -> list[tuple[str, str, str]]:
    """Page, script and arguments of each command; a script alone is prose, "$" is for a shell."""
    found = []
    for page in PAGES:
        for script, words in _COMMAND.findall(page.read_text(encoding="utf-8")):
            words = words.replace("\\\n", " ").partition(" # ")[0].strip()
            if words and "..." not in words and "$" not in words:
                found.append((page.name, script, words))
    return found


@pytest.mark.parametrize(("page", "script", "words"), commands())
def test_script_takes_the_command(page, script, words, monkeypatch):
    monkeypatch.setattr("sys.argv", [script, *shlex.split(words)])
    if script == "train.py":
        assert parse_options("Train.")
    else:
        assert import_module(f"all_tf.commands.{script.removesuffix('.py')}")._parse()


def test_readme_shows_commands():
    assert len([page for page, _, _ in commands() if page == "README.md"]) > 15


@pytest.mark.slow
def test_lines_of_python_in_the_readme_run(unpack, tmp_path, monkeypatch, capsys):
    """On a few noisy cells, and with a small network as the row that they name."""
    (lines,) = re.findall(r"^```python\n(import all_tf\n.*?)^```$", README, flags=re.M | re.S)
    names = [
        f"lab/{kind}/{kind}{patient}/1.bmp" for kind in ("blast", "other") for patient in range(8)
    ]
    tree = unpack({name: number for number, name in enumerate([*names, "new-cells/1.bmp"])})
    monkeypatch.chdir(tree)
    monkeypatch.setitem(EXPERIMENTS, "scratch", replace(EXPERIMENT, epochs=1))
    exec(lines, {})
    assert "sensitivity" in capsys.readouterr().out
    (row,) = read_rows(tree / "answers.csv")
    assert row["path"] == "new-cells/1.bmp" and row["decision"] in ("blast", "other")
