"""`.pth` files of both formats are read without PyTorch, and no file asks for more than it holds.

`make test-parity` compares the values with PyTorch's own.
"""

import io
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from builders.hdf5_weights import WeightsError
from builders.torch_pth import read_pth
from builders.torch_reader import read_tensors
from tests.builders.test_torch_pickle import REBUILD, Calls, state_dict, tensor
from tests.damage import damaged_copies

MAGIC = pickle.dumps(0x1950A86A20F9469CFC6C, 2)
VALUES = np.arange(12, dtype="<f4")
TWO = state_dict(
    conv__weight=tensor("7", (2, 3), (1, 2), offset=4, size=12),  # Columns first, as TensorFlow's.
    num_batches_tracked=tensor("9", (), (), size=1, kind=b"ctorch\nLongStorage\n"),
)
PARTS = {"7": VALUES.tobytes(), "9": np.int64(3).tobytes()}


def as_stream(structure: bytes = TWO, parts=PARTS, *, system=None, protocol=1001) -> bytes:
    """As PyTorch before 1.6 writes it."""
    system = system or {"protocol_version": 1001, "little_endian": True, "type_sizes": {}}
    head = [MAGIC, pickle.dumps(protocol, 2), pickle.dumps(system, 2)]
    sizes = {"7": 4, "9": 8}
    tail = [struct.pack("<q", len(part) // sizes[key]) + part for key, part in parts.items()]
    return b"".join([*head, structure, pickle.dumps(list(parts), 2), *tail])


def as_zip(structure: bytes = TWO, parts=PARTS, *, order=b"little", compressed=False) -> bytes:
    """As PyTorch 1.6 and later write it."""
    kind = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", kind) as archive:
        archive.writestr("model/data.pkl", structure)
        archive.writestr("model/byteorder", order)
        for key, part in parts.items():
            archive.writestr(f"model/data/{key}", part)
    return file.getvalue()


@pytest.fixture
def read(tmp_path):
    def write_and_read(content: bytes) -> dict[str, np.ndarray]:
        path: Path = tmp_path / "model.pth"
        path.write_bytes(content)
        return read_pth(path)

    return write_and_read


@pytest.mark.parametrize("write", [as_stream, as_zip])
def test_tensors_are_read_by_their_strides_as_float32(write, read):
    tensors = read(write())
    assert {name: tensor.dtype for name, tensor in tensors.items()} == dict.fromkeys(
        ("conv.weight", "num_batches_tracked"), np.float32
    )
    np.testing.assert_array_equal(tensors["conv.weight"], [[4, 6, 8], [5, 7, 9]])
    assert tensors["num_batches_tracked"] == 3


@pytest.mark.parametrize("write", [as_stream, as_zip])
@pytest.mark.parametrize(
    ("shape", "strides", "offset", "said"),
    [
        ((13,), (1,), 0, "strides is incompatible"),
        ((3,), (6,), 0, "strides is incompatible"),
        ((12,), (1,), 1, "strides is incompatible"),
        ((1,), (1,), -1, "negative offset"),
        ((2**30,), (0,), 0, "claim 4,294,967,296 of its"),
    ],
)
def test_tensor_that_reaches_out_of_its_storage_is_refused(
    write, shape, strides, offset, said, read
):
    structure = state_dict(a=tensor("7", shape, strides, offset=offset, size=12))
    parts = {"7": PARTS["7"]}
    with pytest.raises((ValueError, TypeError), match=said):
        read(write(structure, parts))


def test_many_tensors_on_the_same_numbers_cannot_ask_for_any_memory(read):
    shared = {f"n{index}": tensor("7", (10**5,), (1,), size=10**5) for index in range(1000)}
    with pytest.raises(ValueError, match="claim 400,000,000 of its"):
        read(as_zip(state_dict(**shared), {"7": bytes(4 * 10**5)}))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "pickle"),
        (b"hello", "101"),
        (b"PK\x03\x04", "zip"),
        (as_stream(pickle.dumps([1, 2], 2)), "has no attribute"),
        (as_zip(pickle.dumps([1, 2], 2)), "something else than named tensors"),
        (as_zip(pickle.dumps({"a": 1}, 2)), "something else than named tensors"),
        (as_stream(protocol=1002), "no known format"),
        (as_stream(system={"little_endian": False}), "no known format"),
        (as_zip(order=b"big"), "big-endian"),
        (as_zip(parts={"7": bytes(10**6), "9": PARTS["9"]}, compressed=True), "compressed"),
        (as_stream()[:-1], "ends early"),
        (as_zip(parts={"7": PARTS["7"]}), "9"),
        (as_stream(parts={"7": PARTS["7"]}), "9"),
        (as_zip(pickle.dumps({"a": Calls(print, "called")}, 2)), "may run code"),
        (as_stream(pickle.dumps({"a": Calls(print, "called")}, 2)), "may run code"),
        (as_zip(b"\x80\x02" + REBUILD + b")R."), "argument"),
    ],
)
def test_file_that_holds_something_else_is_refused(content, said, read, capsys):
    with pytest.raises(Exception, match=said):
        read(content)
    assert "called" not in capsys.readouterr().out


def test_changed_number_in_a_zip_is_refused_by_its_checksum(read):
    content = as_zip()
    place = content.index(PARTS["7"])
    with pytest.raises(zipfile.BadZipFile, match="CRC"):
        read(content[:place] + b"\xff" + content[place + 1 :])


@pytest.mark.parametrize("write", [as_stream, as_zip])
def test_damaged_file_is_refused_or_gives_arrays_of_its_size(write, tmp_path):
    whole, path = write(), tmp_path / "model.pth"
    for damaged in damaged_copies(whole, number=300):
        path.write_bytes(damaged)
        try:
            tensors = read_tensors(path)
        except WeightsError:
            continue
        assert sum(tensor.nbytes for tensor in tensors.values()) <= 2 * len(whole)
