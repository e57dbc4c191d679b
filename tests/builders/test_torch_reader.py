"""A file of PyTorch's tensors is read whole, or refused with what to do."""

import hashlib
import sys

import pytest

from builders.torch_reader import read_tensors
from builders.weights import WeightsError


def test_file_that_is_not_what_its_name_says_is_refused(tmp_path):
    digest = hashlib.sha256(b"weights").hexdigest()
    whole = tmp_path / f"googlenet-{digest[:8]}.pth"
    whole.write_bytes(b"weights")
    with pytest.raises(WeightsError, match="cannot be read as PyTorch tensors"):
        read_tensors(whole)  # The digest is right, and the content is what is wrong now.
    whole.write_bytes(b"weight")
    with pytest.raises(WeightsError, match=f"Download it again.*begins with {digest[:8]}"):
        read_tensors(whole)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.safetensors", "No such file"),
        ("model.bin", r"Expected a file \*\.safetensors or \*\.pth"),
        ("text.safetensors", "cannot be read as safetensors"),
    ],
)
def test_file_that_cannot_serve_is_refused(name, message, tmp_path):
    (tmp_path / "text.safetensors").write_text("hello")
    with pytest.raises(WeightsError, match=message):
        read_tensors(tmp_path / name)


def test_missing_reader_says_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors", None)
    (tmp_path / "model.safetensors").write_bytes(b"")
    with pytest.raises(WeightsError, match=r"pip install -e '\.\[import\]'"):
        read_tensors(tmp_path / "model.safetensors")
