"""Every command that README and docs show is one that its script takes."""

import re
import shlex
from importlib import import_module

import pytest

from all_tf.launch.options import parse_options
from tests.conftest import ROOT

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
