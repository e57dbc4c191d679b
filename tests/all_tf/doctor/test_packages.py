"""Python and packages are compared with what the project needs and was tested with."""

import configparser
import re
from importlib.metadata import PackageNotFoundError

import pytest

from all_tf.doctor import packages
from all_tf.doctor.check import OK, PROBLEM, WARNING
from all_tf.doctor.packages import check_extras, check_packages, check_python
from tests.conftest import ROOT

VERSIONS = {"numpy": "2.4.6", "keras": "3.15.1", "optuna": "5.0.0", "six": "1.0"}
NEEDED = ["numpy", "keras>=3.15.1", 'optuna; extra == "sweep"', 'jax; extra == "multihost"']


@pytest.fixture
def installed(monkeypatch):
    """Stand-ins for the installed packages: `installed(numpy="2.0")` replaces a version."""

    def install(**changed):
        versions = {**VERSIONS, **changed}

        def version(name):
            if versions.get(name) is None:
                raise PackageNotFoundError(name)
            return versions[name]

        monkeypatch.setattr(packages, "version", version)
        monkeypatch.setattr(packages, "requires", lambda name: NEEDED)

    return install


@pytest.fixture
def pins(tmp_path):
    file = tmp_path / "constraints.txt"
    file.write_text("# tested\nnumpy==2.4.6\nkeras==3.15.1\nsix==1.0\nabsent==1\n")
    return file


def test_versions_that_were_tested_are_fine(installed, pins):
    installed()
    assert check_packages(pins)[1:3] == (OK, "3, all of the tested versions")


def test_other_version_is_a_warning_that_names_both(installed, pins):
    installed(numpy="2.9.0")
    found = check_packages(pins)
    assert found.state == WARNING and found.found == "numpy 2.9.0, tested with 2.4.6"
    assert "--constraint constraints.txt" in found.remedy


def test_missing_and_unfit_packages_are_problems(installed, pins):
    installed(numpy=None)
    assert check_packages(pins)[1:3] == (PROBLEM, "missing: numpy")
    installed(keras="2.15")
    assert check_packages(pins)[1:3] == (PROBLEM, "keras 2.15, expected >=3.15.1")


def test_wheel_without_the_list_of_tested_versions_compares_its_own_metadata(installed, tmp_path):
    installed(numpy="9")
    found = check_packages(tmp_path / "no")
    assert found.state == OK and "all 2 are there" in found.found


def test_long_list_is_cut():
    assert packages._listed([*"abcdefgh"]) == "a; b; c; d; e; f; and 2 more"


def test_extras_are_there_or_not_and_neither_is_a_problem(installed):
    installed()
    found = check_extras()
    assert found.state == OK and found.found.startswith("sweep; not installed")
    assert found.remedy == "pip install -e '.[multihost]', if you need it"
    installed(jax="0.10.2")
    assert check_extras()[2:4] == ("sweep, multihost", "")


def test_project_that_pip_has_not_installed_is_named(monkeypatch):
    def lack(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(packages, "requires", lack)
    with pytest.raises(OSError, match="all_tf is not installed by pip"):
        check_packages()


def test_python_is_one_that_setup_allows(monkeypatch):
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    allowed = re.findall(r"3\.(\d+)", setup["options"]["python_requires"])
    assert [(3, int(minor)) for minor in allowed] == [packages._OLDEST, packages._TOO_NEW]
    assert check_python().state == OK
    monkeypatch.setattr(packages.platform, "python_version_tuple", lambda: ("3", "14", "0"))
    assert check_python().state == PROBLEM
