"""Reads PyTorch's `.pth` files, of its zip format and of the older one, without PyTorch."""

import io
import math
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from builders.torch_pickle import Storage, StoredTensor, read_pickle

_MOST_BYTES = 4 << 30  # The largest published network has 1.3 GB.
_MAGIC = 0x1950A86A20F9469CFC6C  # What the first pickle of the older format is.
_PROTOCOL = 1001


def read_pth(path: Path) -> dict[str, np.ndarray]:
    """The tensors of a file that `torch.save(network.state_dict())` wrote, as float32.

    No code of the file runs, and reading takes at most four times the memory of the file.

    Args:
        path: The file; its format is told by its first bytes.

    Raises:
        Exception: It is damaged, or holds something else than named tensors; exceptions are of
            several types.
    """
    if path.stat().st_size > _MOST_BYTES:
        raise ValueError(f"it is longer than {_MOST_BYTES:,} bytes")
    data = path.read_bytes()
    read = _read_zip if data.startswith(b"PK") else _read_stream
    tensors, bytes_of_key = read(data)
    if not isinstance(tensors, dict) or not all(
        isinstance(tensor, StoredTensor) for tensor in tensors.values()
    ):
        raise ValueError("it holds something else than named tensors")
    # Tensors may share numbers; were that not limited, a short file could ask for any memory.
    claimed = sum(x.storage.dtype.itemsize * math.prod(x.shape) for x in tensors.values())
    if claimed > len(data):
        raise ValueError(f"its tensors claim {claimed:,} of its {len(data):,} bytes")
    return {name: _array(tensor, bytes_of_key) for name, tensor in tensors.items()}


def _array(tensor: StoredTensor, bytes_of_key: Mapping[str, memoryview]) -> np.ndarray:
    """The numbers of a tensor; numpy refuses what reaches over the end of its storage."""
    dtype = tensor.storage.dtype
    view: np.ndarray = np.ndarray(
        tensor.shape,
        dtype,
        buffer=bytes_of_key[tensor.storage.key],
        offset=tensor.offset * dtype.itemsize,
        strides=tuple(stride * dtype.itemsize for stride in tensor.strides),
    )
    return view.astype(np.float32)


def _read_zip(data: bytes) -> tuple[object, dict[str, memoryview]]:
    """Of PyTorch 1.6 and later: a pickle, and a file for each storage, none of them compressed."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(member.file_size for member in archive.infolist()) > len(data):
            raise ValueError("its parts are longer than the file: they are compressed, or overlap")
        content = {
            name.partition("/")[2]: memoryview(archive.read(name)) for name in archive.namelist()
        }
    if bytes(content.get("byteorder", b"little")) != b"little":
        raise ValueError("its numbers are big-endian")
    tensors = read_pickle(io.BytesIO(content["data.pkl"]))
    storages = {name[5:]: part for name, part in content.items() if name.startswith("data/")}
    return tensors, storages


def _read_stream(data: bytes) -> tuple[object, dict[str, memoryview]]:
    """Of PyTorch before 1.6: five pickles, then each storage's length and numbers."""
    file = io.BytesIO(data)
    magic, protocol, system = read_pickle(file), read_pickle(file), read_pickle(file)
    if (magic, protocol) != (_MAGIC, _PROTOCOL) or system.get("little_endian") is not True:
        raise ValueError("it is of no known format")
    tensors, keys = read_pickle(file), read_pickle(file)
    size_of = {key: storage.dtype.itemsize for key, storage in _storages(tensors).items()}
    whole, storages = memoryview(data), {}
    for key in keys:
        begin = file.tell() + 8
        length = int.from_bytes(file.read(8), "little") * size_of[key]
        if begin + length > len(data):
            raise ValueError("it ends early")
        storages[key] = whole[begin : begin + length]
        file.seek(begin + length)
    return tensors, storages


def _storages(tensors: Mapping[str, StoredTensor]) -> dict[str, Storage]:
    return {tensor.storage.key: tensor.storage for tensor in tensors.values()}
