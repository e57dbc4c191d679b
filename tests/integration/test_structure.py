"""The house as drawn: package names, docstrings, table rows."""

import ast
import re
from collections import defaultdict
from importlib import import_module
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.tested_elsewhere import TESTED_IN

PACKAGES = ("all_tf", "builders", "tfrecords")
TREES = "all_tf|builders|tfrecords|scripts|tests|docs|notebooks"
FLOORS = sorted(
    str(path.parent.relative_to(ROOT))
    for name in PACKAGES
    for path in (ROOT / name).glob("*/**/__init__.py")
)


@pytest.mark.parametrize("name", PACKAGES)
def test_package_is_the_one_of_this_repository(name):
    # PyPI has other packages called builders and tfrecords.
    assert import_module(name).__file__ == str(ROOT / name / "__init__.py")


@pytest.mark.parametrize("name", (*PACKAGES, *FLOORS))
def test_init_is_a_docstring(name):
    body = ast.parse((ROOT / name / "__init__.py").read_text()).body
    assert isinstance(body[0], ast.Expr)
    # all_tf/__init__.py may also check that its own packages are found, and name what it exports.
    assert name == "all_tf" or len(body) == 1


@pytest.mark.parametrize(
    "path",
    sorted(
        path
        for folder in (*PACKAGES, "scripts", "tests")
        for path in ROOT.glob(f"{folder}/**/*.py")
    ),
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_every_file_and_public_function_says_what_it_is(path):
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree)
    if path.relative_to(ROOT).parts[0] in PACKAGES:
        for node in tree.body:
            public = isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name[0] != "_"
            assert not public or ast.get_docstring(node), node.name


def test_architecture_page_holds_the_sentence_of_each_package():
    page = (ROOT / "docs" / "architecture.md").read_text()
    written = dict(re.findall(r"^\| `([\w/]+)` \| (.+) \|$", page, flags=re.MULTILINE))
    sentences = {
        name: ast.get_docstring(ast.parse((ROOT / name / "__init__.py").read_text()))
        for name in (*PACKAGES, *FLOORS)
    }
    assert written == sentences, "Make docs/architecture.md and the __init__.py files say the same."


@pytest.mark.parametrize("name", ("README.md", "CONTRIBUTING.md", "docs/architecture.md"))
def test_every_path_that_a_page_names_exists(name):
    page = ROOT / name
    text = page.read_text()
    links = {page.parent / path for path in re.findall(r"\]\(([^):#]+)\)", text)}
    words = re.sub(r"\[[^]]*\](?=\()", "", text)  # A link's text may be short for its target.
    named = {ROOT / path for path in re.findall(rf"(?<![\w./-])(?:{TREES})/[\w./-]*\w", words)}
    files = {ROOT / path for path in re.findall(r"`([\w.-]+\.(?:toml|txt|cfg|yaml))`", words)}
    assert named | links
    assert not [str(path) for path in sorted(named | links | files) if not path.exists()]


def test_every_module_has_its_own_test_file_or_a_line_that_says_where_it_is_tested():
    modules = {
        path.relative_to(ROOT)
        for name in PACKAGES
        for path in ROOT.glob(f"{name}/**/*.py")
        if path.name != "__init__.py"
        and path.parent.name != "architectures"  # Each of its rows runs through tests/builders.
    }
    without = {str(module) for module in modules if not has_own_test(module)}
    missing, left = sorted(without - TESTED_IN.keys()), sorted(TESTED_IN.keys() - without)
    assert not missing, "Write tests/.../test_NAME.py, or add a line to tests/tested_elsewhere.py"
    assert not left, "Drop these lines of tests/tested_elsewhere.py: module gone, or tested by name"
    assert not [path for path in TESTED_IN.values() if not (ROOT / path).is_file()]


def has_own_test(module: Path) -> bool:
    """Whether a test file has its name, in the mirrored folder; for parts of training one above."""
    folders = [module.parent]
    if module.parent.name in ("callbacks", "tensorboard"):
        folders.append(module.parent.parent)
    return any((ROOT / "tests" / each / f"test_{module.name}").is_file() for each in folders)


def test_no_dataset_comes_from_a_generator():
    """TensorFlow sets malloc's mmap threshold for the whole process when it builds one."""
    sources = [path for name in PACKAGES for path in ROOT.glob(f"{name}/**/*.py")]
    assert not [path for path in sources if ".from_generator(" in path.read_text()]


IN_PLACE = re.compile(r"\.write_(text|bytes)\(|savefig\(|\.open\(\"w|savetxt\(|np\.save")
# Where a file is no result, or lies in a folder that takes its name once all of it is written.
ASIDE = {
    "all_tf/benchmarks/growth.py",  # Images to convert, in a folder that is renamed.
    "all_tf/benchmarks/page.py",  # Images to send, in a temporary folder.
    "all_tf/export/open_export.py",  # For the process that has started it.
    "all_tf/plots/style.py",  # In memory.
    "all_tf/training/checkpoint.py",
    "tfrecords/codec/encoding.py",
    "tfrecords/synthetic/write.py",  # A stand-in for what users unpack.
}


def test_result_files_are_written_beside_their_place_and_renamed():
    """A line that writes a file writes what `atomic_write` lends, or is in a module of `ASIDE`."""
    sources = {
        str(path.relative_to(ROOT)): path.read_text().splitlines()
        for folder in (*PACKAGES, "scripts")
        for path in ROOT.glob(f"{folder}/**/*.py")
    }
    found = {
        name: line
        for name, lines in sources.items()
        for line in lines
        if IN_PLACE.search(line) and "partial" not in line
    }
    assert found.keys() == ASIDE


def test_no_public_name_is_defined_twice():
    """One name, one meaning; a name that is imported elsewhere is defined where it comes from."""
    places = defaultdict(list)
    for path in sorted(path for name in PACKAGES for path in ROOT.glob(f"{name}/**/*.py")):
        for node in ast.parse(path.read_text()).body:
            for name in defined_names(node):
                # Every file of architectures has a table of this name.
                is_table = name == "ARCHITECTURES" and path.parent.name == "architectures"
                # Every command begins with one.
                is_main = name == "main" and path.parent.name in ("commands", "all_tf")
                if not name.startswith("_") and not is_table and not is_main:
                    places[name].append(str(path.relative_to(ROOT)))
    assert not {name: paths for name, paths in places.items() if len(paths) > 1}


def defined_names(node: ast.stmt) -> list[str]:
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return [node.name]
    targets = getattr(node, "targets", [getattr(node, "target", None)])
    return [target.id for target in targets if isinstance(target, ast.Name)]
