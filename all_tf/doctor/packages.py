"""Checks of Python and of the installed packages, against the tested versions."""

import platform
import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from all_tf.doctor.check import INSTALL, OK, PROBLEM, WARNING, Check
from all_tf.system.script_command import install_command

_PROJECT = "all_tf"
_CHECKOUT = Path(__file__).resolve().parents[2]
_TESTED = _CHECKOUT / "constraints.txt"  # A wheel does not bring it.
_OLDEST, _TOO_NEW = (3, 11), (3, 14)  # As setup.cfg says; a test holds both alike.
_SHOWN = 6  # Packages in one line.


def check_python() -> Check:
    """Whether this is a version that the project is tested with."""
    found = platform.python_version()
    if _OLDEST <= tuple(map(int, platform.python_version_tuple()[:2])) < _TOO_NEW:
        return Check("Python", OK, found)
    return Check(
        "Python", PROBLEM, f"{found}; expected 3.11 to 3.13", "Make an environment with one of them"
    )


def check_packages(constraints: Path = _TESTED) -> Check:
    """Whether all packages are there, in versions that they may have; and which were tested."""
    from packaging.requirements import Requirement

    needed = [Requirement(text) for text in _requirements() if "extra ==" not in text]
    missing = [each.name for each in needed if _version(each.name) is None]
    if missing:
        return Check("packages", PROBLEM, f"missing: {_listed(missing)}", INSTALL)
    unfit = [
        f"{each.name} {_version(each.name)}, expected {each.specifier}"
        for each in needed
        if not each.specifier.contains(str(_version(each.name)), prereleases=True)
    ]
    if unfit:
        return Check("packages", PROBLEM, _listed(unfit), INSTALL)
    pinned = _pinned(constraints)
    if not pinned:
        return Check("packages", OK, f"all {len(needed)} are there (tested versions not known)")
    installed = {name: found for name in pinned if (found := _version(name)) is not None}
    others = [
        f"{name} {found}, tested with {pinned[name]}"
        for name, found in installed.items()
        if found != pinned[name]
    ]
    if others:
        return Check("packages", WARNING, _listed(others), INSTALL)
    return Check("packages", OK, f"{len(installed)}, all of the tested versions")


def check_extras() -> Check:
    """Which extras are installed; none of them is needed for a training."""
    from packaging.requirements import Requirement

    packages_of: dict[str, list[str]] = {}
    for text in _requirements():
        if extra := re.search(r"extra == ['\"](\w+)['\"]", text):
            packages_of.setdefault(extra[1], []).append(Requirement(text).name)
    there = {
        title: all(_version(name) is not None for name in names)
        for title, names in packages_of.items()
        if title not in ("test", "gpu")  # The tests' own; and the check of the GPU says more.
    }
    missing = [title for title, installed in there.items() if not installed]
    found = ", ".join(title for title, installed in there.items() if installed) or "none"
    if not missing:
        return Check("extras", OK, found)
    more = f"{found}; not installed, for other commands: {', '.join(missing)}"
    whichever = " or any of them" * (len(missing) > 1)
    return Check("extras", OK, more, f"{install_command(missing[0])}{whichever}, if you need it")


def _requirements() -> list[str]:
    try:
        return requires(_PROJECT) or []
    except PackageNotFoundError as error:
        raise OSError(f"{_PROJECT} is not installed by pip: {INSTALL}") from error


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _pinned(constraints: Path) -> dict[str, str]:
    """The version of each package in a file of constraints; empty without the file."""
    return dict(_pins(constraints)) if constraints.is_file() else {}


def _pins(constraints: Path) -> Iterator[tuple[str, str]]:
    for line in constraints.read_text(encoding="utf-8").splitlines():
        name, equals, pinned = line.partition("#")[0].strip().partition("==")
        if equals:
            yield name, pinned


def _listed(texts: list[str]) -> str:
    more = len(texts) - _SHOWN
    return "; ".join(texts[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")
