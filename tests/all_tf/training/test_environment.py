"""environment.json is written whatever the machine lacks."""

import json

import pytest

from all_tf.training import environment
from all_tf.training.environment import write_environment


@pytest.fixture
def commit_by(tmp_path, monkeypatch):
    """The commit in environment.json, where `git` is this shell script, or missing."""

    def write(script: str | None) -> str | None:
        programs = tmp_path / "programs"
        programs.mkdir()
        if script is not None:
            (programs / "git").write_text(f"#!/bin/sh\n{script}\n")
            (programs / "git").chmod(0o755)
        monkeypatch.setenv("PATH", f"{programs}:/bin" if script else str(programs))
        write_environment(tmp_path / "environment.json")
        return json.loads((tmp_path / "environment.json").read_text())["commit"]

    return write


@pytest.mark.parametrize("name", ["abc1234-dirty", "v1.0-3-gabc1234"])
def test_commit_is_what_git_says(name, commit_by):
    assert commit_by(f"echo {name}") == name


@pytest.mark.parametrize(
    "script",
    [None, "exit 128", "echo abc; exit 1", "echo a b", r"printf '\377\033'", "yes | head -c 9999"],
)
def test_without_git_or_with_one_that_fails_there_is_no_commit(script, commit_by):
    assert commit_by(script) is None


def test_git_that_hangs_is_given_up(commit_by, monkeypatch):
    monkeypatch.setattr(environment, "_SECONDS_FOR_GIT", 0.2)
    assert commit_by("exec sleep 60") is None


def test_package_by_another_name_has_no_version(tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "_PACKAGES", ("numpy", "no-such-package"))
    write_environment(tmp_path / "environment.json")
    packages = json.loads((tmp_path / "environment.json").read_text())["packages"]
    assert packages["numpy"] and packages["no-such-package"] is None
