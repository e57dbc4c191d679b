"""Reads the files of builders/architectures/ and refuses rows that lack something."""

import pkgutil
from collections.abc import Mapping
from importlib import import_module

from builders.architecture import Architecture

_TABLE = "ARCHITECTURES"
_MEANINGS = {
    "parameters": "the number of weights of the backbone, moving statistics included",
    "pretrained_at": "the side in pixels of the images of its pretraining",
    "licence": "the licence of its ImageNet weights",
    "url": "the address of its ImageNet weights",
    "source": "who publishes its ImageNet weights",
    "preprocessing": "a key of builders.keras_applications.PREPROCESSING",
    "load_imagenet": "the function that loads the weights that Keras publishes",
    "package": "the package that holds its ImageNet weights",
}


class ArchitectureError(ValueError):
    """A file of architectures lacks something; the message says which file, and what."""


def read_families(package: str) -> dict[str, dict[str, Architecture]]:
    """The rows of all files of a package, by file and by name, files in alphabetical order.

    Args:
        package: Its name; each of its modules has a dict `ARCHITECTURES`.

    Raises:
        ArchitectureError: A file has no rows, a row is incomplete, or two files have one name.
    """
    folder = import_module(package).__path__
    names = sorted(module.name for module in pkgutil.iter_modules(folder))
    families = {name: _read_rows(f"{package}.{name}") for name in names}
    file_of: dict[str, str] = {}
    for family, rows in families.items():
        for name in rows:
            if name in file_of:
                raise ArchitectureError(
                    f"Expected each architecture in one file of {package}. Received: {name} in "
                    f"{file_of[name]}.py and in {family}.py. Rename or remove one of them."
                )
            file_of[name] = family
    return families


def _read_rows(module: str) -> dict[str, Architecture]:
    file = f"{module.replace('.', '/')}.py"
    rows = getattr(import_module(module), _TABLE, None)
    if not isinstance(rows, Mapping) or not rows:
        raise ArchitectureError(
            f"{file} has no {_TABLE}. Expected a dict of rows by the name of the architecture, "
            "as the other files in its folder have one."
        )
    for name, row in rows.items():
        if not isinstance(row, Architecture):
            raise ArchitectureError(
                f"{file}, {name}: expected an Architecture. Received: {type(row).__name__}"
            )
        if missing := _missing(row):
            explained = "; ".join(f"{field} ({_MEANINGS[field]})" for field in missing)
            raise ArchitectureError(f"{file}, {name}: missing {explained}. Add them to the row.")
    return dict(rows)


def _missing(row: Architecture) -> list[str]:
    """The fields that this row needs, by what it says of itself, and does not have."""
    needed = ["parameters"]
    if row.application:
        needed += ["preprocessing"]
    if row.source or row.url:
        needed += ["source", "pretrained_at", "licence", "url"]
    if row.source == "Keras":
        needed += ["load_imagenet"]
    if row.source == "PyPI":
        needed += ["package"]
    return [field for field in needed if not getattr(row, field)]
