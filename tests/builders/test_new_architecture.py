"""One file in builders/architectures/ adds an architecture; a copy of the tree shows it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

NAME = "mobilenetv3small"
# The example of CONTRIBUTING.md, which so remains true.
(CONTENT,) = re.findall(
    r"```python\n(.+?ARCHITECTURES = .+?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL
)
BUILD = f"""
from builders.registry import build_model
print(build_model({NAME!r}, image_size=64, weights="none").output_shape)
"""


@pytest.fixture
def tree(tmp_path) -> Path:
    """A copy of the code and its tests, without what is built or downloaded."""
    top = {"build", "data", "demo", "runs", "studies"}

    def left_out(folder: str, names: list[str]) -> set[str]:
        built = {name for name in names if name == "__pycache__" or name.endswith(".egg-info")}
        if Path(folder) != ROOT:
            return built
        hidden = {name for name in names if name.startswith(".")} - {".pre-commit-config.yaml"}
        return built | hidden | (top & set(names))

    return shutil.copytree(ROOT, tmp_path / "tree", ignore=left_out)


def call(tree: Path, *command: str) -> subprocess.CompletedProcess:
    """Run Python in a tree, on its packages."""
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    command = (sys.executable, *command)
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True)


def run_tests(tree: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Run tests of a tree in one process."""
    return call(tree, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments)


@pytest.mark.slow
def test_file_of_a_new_family_is_all_that_an_architecture_needs(tree):
    (tree / "builders/architectures/mobilenet.py").write_text(CONTENT)
    listed = call(tree, "scripts/train.py", "--list-archs")
    assert f"\n{NAME} " in listed.stdout, listed.stderr
    built = call(tree, "-c", BUILD)
    assert built.stdout.strip() == "(None, 1)", built.stderr
    contract = run_tests(tree, "tests/builders", "-k", f"[{NAME}]")
    assert contract.returncode == 0 and " passed" in contract.stdout, contract.stdout
    assert "skipped" not in contract.stdout
    others = ("tests/all_tf/config", "tests/integration/test_structure.py")
    rest = run_tests(tree, *others, "tests/builders/test_architecture_info.py")
    assert rest.returncode == 0, rest.stdout


@pytest.mark.parametrize("field", ["parameters", "licence", "url"])
def test_file_that_lacks_a_field_fails_the_tests_by_its_name(tree, field):
    lines = [line for line in CONTENT.splitlines() if not line.strip().startswith(f"{field}=")]
    (tree / "builders/architectures/mobilenet.py").write_text("\n".join(lines))
    answer = run_tests(tree, "tests/integration/test_structure.py")
    assert answer.returncode != 0
    text = answer.stdout + answer.stderr
    assert f"builders/architectures/mobilenet.py, {NAME}: missing {field} (" in text
