"""Reads files of weights published for PyTorch into numpy arrays."""

import hashlib
import re
from pathlib import Path

import numpy as np

from builders.torch_pth import read_pth
from builders.weights import WeightsError


def read_tensors(path: Path) -> dict[str, np.ndarray]:
    """The tensors of a published file, by their PyTorch names.

    Args:
        path: A `.safetensors` or a `.pth` file.

    Raises:
        WeightsError: Another kind of file, a damaged one, or the package that reads it is missing.
    """
    if path.suffix not in _READERS:
        raise WeightsError(f"Expected a file *.safetensors or *.pth. Received: {path}")
    if not path.is_file():
        raise WeightsError(f"No such file: {path}")
    _check_digest(path)
    return _READERS[path.suffix](path)


def _check_digest(path: Path) -> None:
    """Compare a file with the start of the SHA-256 that PyTorch puts before `.pth` in its name."""
    named = re.search(r"-([0-9a-f]{8,64})\.pth$", path.name)
    if named is None:
        return
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if not digest.startswith(named[1]):
        raise WeightsError(
            f"{path} is damaged, or is another file. Download it again. Expected, from its name, "
            f"a SHA-256 that begins with {named[1]}. Received: {digest}"
        )


def _read_safetensors(path: Path) -> dict[str, np.ndarray]:
    try:
        from safetensors import SafetensorError
        from safetensors.numpy import load_file
    except ImportError as error:
        raise WeightsError(
            f"{path} needs the package safetensors. Install it: pip install -e '.[import]'"
        ) from error
    try:
        return load_file(path)
    except SafetensorError as error:
        raise WeightsError(f"{path} cannot be read as safetensors: {error}") from error


def _read_pth(path: Path) -> dict[str, np.ndarray]:
    try:
        return read_pth(path)
    except Exception as error:  # Pickles, archives and numpy have no error in common.
        raise WeightsError(f"{path} cannot be read as PyTorch tensors: {error}") from error


_READERS = {".safetensors": _read_safetensors, ".pth": _read_pth}
