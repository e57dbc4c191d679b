"""Pickles of weights are read, and no other pickle can run code, take memory or time."""

import io
import os
import pickle
import struct
import time

import numpy as np
import pytest

from builders.torch_pickle import Storage, StoredTensor, read_pickle
from tests.damage import damaged_copies

START, END = b"\x80\x02", b"."
REBUILD = b"ctorch._utils\n_rebuild_tensor_v2\n"
DICT = b"ccollections\nOrderedDict\n)R"
FLOAT = b"ctorch\nFloatStorage\n"
STORAGE = Storage("7", np.dtype("<f4"))


def text(word: str) -> bytes:
    return b"X" + struct.pack("<I", len(word)) + word.encode()


def number(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)


def row(*items: bytes) -> bytes:
    return b"(" + b"".join(items) + b"t"


def reference(key: str, size: int, kind: bytes = FLOAT) -> bytes:
    """What PyTorch writes for a storage: a persistent id."""
    return row(text("storage"), kind, text(key), text("cpu"), number(size), b"N") + b"Q"


def tensor(key: str, shape, strides, *, offset: int = 0, size: int = 0, kind=FLOAT) -> bytes:
    """What `torch.save` writes for a tensor."""
    sides, steps = row(*map(number, shape)), row(*map(number, strides))
    arguments = row(reference(key, size, kind), number(offset), sides, steps, b"\x89", DICT)
    return REBUILD + arguments + b"R"


def state_dict(**tensor_of_name: bytes) -> bytes:
    """A pickle as of `torch.save(network.state_dict())`, names with `__` for a point."""
    items = b"".join(text(k.replace("__", ".")) + v + b"s" for k, v in tensor_of_name.items())
    attributes = b"}" + text("_metadata") + DICT + b"s"
    return START + DICT + items + attributes + b"b" + END


def read(content: bytes):
    return read_pickle(io.BytesIO(content))


def test_tensors_are_read_with_their_places_in_the_storage():
    content = state_dict(conv__weight=tensor("7", (2, 3), (3, 1), offset=5))
    assert read(content) == {"conv.weight": StoredTensor(STORAGE, 5, (2, 3), (3, 1))}


def test_plain_values_are_those_of_python_and_the_file_moves_on():
    values = {"a": [1, 2, (3,), (), (1, 2, 3, 4)], "b": None, "c": {"d": True, "e": 2**40}}
    values["f"] = values["c"]  # The memo.
    file = io.BytesIO(pickle.dumps(values, 2) + pickle.dumps("next", 2))
    assert read_pickle(file) == values and read_pickle(file) == "next"


class Calls:
    """Unpickles as a call of a function."""

    def __init__(self, function, *arguments):
        self.reduced = function, arguments

    def __reduce__(self):
        return self.reduced


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("function", [os.mkdir, eval, getattr, pickle.loads, np.fromfile])
def test_pickle_that_calls_anything_is_refused_and_calls_nothing(
    function, protocol, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    content = pickle.dumps({"weight": Calls(function, "made")}, protocol)
    with pytest.raises((ValueError, TypeError), match="may run code|which no file of weights has"):
        read(content)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"i__builtin__\neval\n", "INST"),
        (b"(" + REBUILD + b"o", "OBJ"),
        (DICT + b")\x81", "NEWOBJ"),
        (b"\x82\x01", "EXT1"),
        (b"cos\nsystem\n", "'os system'"),
        (b"ctorch.serialization\nload\n", "'torch.serialization load'"),
        (b"P7\n", "PERSID"),
        (b"F1.5\n", "FLOAT"),
    ],
)
def test_instruction_that_weights_do_not_need_is_refused(content, said):
    with pytest.raises(ValueError, match=said):
        read(START + content + END)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        START,
        START + END,
        START + b"NN" + END,
        START + b"h\x05" + END,
        START + b"q\x00" + END,
        START + b"t" + END,
        START + b"N)R" + END,
        START + b"N}b" + END,
        START + b"}" + number(1) + b"Ns" + END,  # A key that is no text.
        START + b"}(" + text("a") + b"u" + END,  # A key without a value.
        START + REBUILD + text("arguments") + b"R" + END,
        START + REBUILD + row(number(1), number(0), b")", b")") + b"R" + END,
        START + row(text("module"), text("a"), text("b")) + b"Q" + END,
        START + reference("7", 1, kind=text("Float")) + END,
        START + tensor("7", (-1,), (1,)) + END,
        START + tensor("7", (1,), (-1,)) + END,
        START + b"X\xff\xff\xff\x7fshort" + END,
    ],
)
def test_pickle_that_is_no_structure_of_weights_is_refused(content):
    with pytest.raises((ValueError, TypeError, LookupError)):
        read(content)


def test_pickles_that_would_take_memory_or_time_are_refused_at_once():
    began = time.process_time()
    huge_memo = START + b"Nr\xff\xff\xff\x7f" + END  # Python's own would make room for 2**31.
    assert read(huge_memo) is None
    doubled = START + b")q\x00" + b"h\x00h\x00\x86q\x00" * 2000  # (((), ()), ...): 2**2000 leaves.
    for rest in (b"}h\x00Ns", REBUILD + b"h\x00R", b"h\x00Q", REBUILD + row(b"h\x00" * 4) + b"R"):
        with pytest.raises((TypeError, ValueError)) as caught:
            read(doubled + rest + END)
        assert len(str(caught.value)) < 200
    with pytest.raises(ValueError, match="2,000,000 instructions"):
        read(START + b"N" * 2_000_001)
    assert time.process_time() - began < 20


def test_damaged_pickle_raises_or_gives_plain_values():
    whole = state_dict(a=tensor("7", (2, 3), (3, 1)), b__c=tensor("8", (2,), (1,)))
    for damaged in damaged_copies(whole, number=3000):
        try:
            value = read(damaged)
        except Exception:  # Of several types, as `read` says; `read_tensors` makes one of them.
            continue
        assert value is None or isinstance(value, (dict, list, tuple, str, int))
