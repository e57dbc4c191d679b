"""`import all_tf` gives the API by name, typed, and loads nothing for it before it is used."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import all_tf

HEAVY = {"tensorflow", "keras", "numpy", "matplotlib", "PIL", "scipy"}


def test_import_loads_nothing_heavy():
    loaded = "import sys, all_tf; dir(all_tf); print(*sys.modules)"
    answer = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    assert not HEAVY & set(answer.stdout.split())


def test_each_name_is_there_and_has_its_type():
    assert sorted(all_tf.__all__) == sorted(all_tf._DEFINED_AS)
    assert set(all_tf.__all__) <= set(dir(all_tf))
    tree = ast.parse(Path(all_tf.__file__).read_text())
    (typed,) = (node for node in tree.body if isinstance(node, ast.If))
    places = {
        alias.asname: f"{line.module}.{alias.name}" for line in typed.body for alias in line.names
    }
    for name in all_tf.__all__:
        found = getattr(all_tf, name)
        assert places.pop(name) == f"{found.__module__}.{found.__name__}"
    assert not places


def test_unknown_name_is_refused_as_by_any_module():
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        all_tf.trian  # noqa: B018  The attribute is what is tested.
