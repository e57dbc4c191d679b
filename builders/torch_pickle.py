"""The pickles inside PyTorch's files of weights, read by an interpreter that cannot run code.

Python's own unpickler imports and calls whatever a file names, and takes memory that a file claims.
Here a file can only put numbers, texts, dicts, lists and tuples together, and name the few types in
`STORAGES` and `_FUNCTIONS`; every other instruction is refused. PyTorch's `weights_only=True` works
in the same way, but needs PyTorch.
"""

from collections.abc import Callable
from pickletools import genops
from typing import Any, BinaryIO, NamedTuple

import numpy as np

_MOST_INSTRUCTIONS = 2_000_000  # ResNet152, with 932 tensors, has 35,000.
STORAGES: dict[str, np.dtype] = {
    f"torch {name}Storage": np.dtype(code)
    for name, code in {
        "Half": "<f2",
        "Float": "<f4",
        "Double": "<f8",
        "Int": "<i4",
        "Long": "<i8",
    }.items()
}


class Storage(NamedTuple):
    """Numbers that lie elsewhere in the file, under a key."""

    key: str
    dtype: np.dtype


class StoredTensor(NamedTuple):
    """A part of a storage; whether it lies within the storage is not checked yet."""

    storage: Storage
    offset: int  # Of its first number.
    shape: tuple[int, ...]
    strides: tuple[int, ...]  # In numbers, not bytes.


class _Name(NamedTuple):
    """A type or function that the file names, by its module and name."""

    text: str


def read_pickle(file: BinaryIO) -> Any:
    """The next pickle of a file, of plain values, `Storage` and `StoredTensor`; the file moves on.

    Raises:
        Exception: It is no pickle, or holds something else; exceptions are of several types.
    """
    stack: list = []
    outer: list[list] = []  # The stacks below each mark.
    memo: dict[Any, object] = {}
    for count, (opcode, argument, _) in enumerate(genops(file)):
        if count == _MOST_INSTRUCTIONS:
            raise ValueError(f"more than {_MOST_INSTRUCTIONS:,} instructions")
        match opcode.name:
            case "STOP":
                (value,) = stack
                return value
            case "MARK":
                outer.append(stack)
                stack = []
            case "BINPUT" | "LONG_BINPUT":
                memo[argument] = stack[-1]
            case "BINGET" | "LONG_BINGET":
                stack.append(memo[argument])
            case name if name in _PUSHED:
                stack.append(_PUSHED[name](argument))
            case name if name in _FROM_MARK:
                items, stack = stack, outer.pop()
                stack.append(_FROM_MARK[name](items, stack))
            case name if name in _FROM_STACK:
                number, combine = _FROM_STACK[name]
                taken = [stack.pop() for _ in range(number)][::-1]
                stack.append(combine(*taken))
            case name if name != "PROTO":
                raise ValueError(f"instruction {name}, which no file of weights has")
    raise ValueError("it does not end")


def _name(argument: str) -> _Name:
    if argument not in STORAGES and argument not in _FUNCTIONS:
        raise ValueError(f"{argument[:80]!r}, which may run code")
    return _Name(argument)


def _set_items(items: list, stack: list) -> dict:
    """Put keys and values, which alternate, into the dict below."""
    target = _of_type(stack.pop(), dict)
    for key, value in zip(items[::2], items[1::2], strict=True):
        target[_of_type(key, str)] = value
    return target


def _extend(items: list, stack: list) -> list:
    target = _of_type(stack.pop(), list)
    target.extend(items)
    return target


def _keep(target: object, state: object) -> object:
    """Leave the attributes of a dict out: PyTorch notes versions of its layers there."""
    del state
    return _of_type(target, dict)


def _call(name: object, arguments: object) -> object:
    return _FUNCTIONS[_of_type(name, _Name).text](*_of_type(arguments, tuple))


def _storage(reference: object) -> Storage:
    """What PyTorch calls a persistent id."""
    word, kind, key, _, _, *view = _of_type(reference, tuple)
    if not isinstance(word, str) or word != "storage" or view not in ([], [None]):
        raise ValueError("a reference that is no whole storage")
    return Storage(_of_type(key, str), STORAGES[_of_type(kind, _Name).text])


def _tensor(storage, offset, shape, strides, *ignored) -> StoredTensor:
    """Of `torch._utils._rebuild_tensor_v2`; what it takes beside serves training only."""
    for number in (offset, *_of_type(shape, tuple), *_of_type(strides, tuple)):
        if _of_type(number, int) < 0:
            raise ValueError("a tensor with a negative offset, size or stride")
    return StoredTensor(_of_type(storage, Storage), offset, shape, strides)


def _of_type(value: Any, expected: type) -> Any:
    """The value; its text is not in the message, because nested tuples could make it endless."""
    if not isinstance(value, expected):
        raise TypeError(f"{type(value).__name__} in the place of {expected.__name__}")
    return value


def _same(argument: object) -> object:
    return argument


_PUSHED: dict[str, Callable] = {
    "NONE": lambda _: None,
    "NEWTRUE": lambda _: True,
    "NEWFALSE": lambda _: False,
    "EMPTY_TUPLE": lambda _: (),
    "EMPTY_DICT": lambda _: {},
    "EMPTY_LIST": lambda _: [],
    "GLOBAL": _name,
    "BININT": _same,
    "BININT1": _same,
    "BININT2": _same,
    "LONG1": _same,
    "BINUNICODE": _same,
    "BINSTRING": _same,  # Texts of Python 2.
    "SHORT_BINSTRING": _same,
}
_FROM_MARK: dict[str, Callable] = {
    "TUPLE": lambda items, _: tuple(items),
    "SETITEMS": _set_items,
    "APPENDS": _extend,
}
_FROM_STACK: dict[str, tuple[int, Callable]] = {
    "TUPLE1": (1, lambda *items: items),
    "TUPLE2": (2, lambda *items: items),
    "TUPLE3": (3, lambda *items: items),
    "SETITEM": (3, lambda target, *item: _set_items(list(item), [target])),
    "APPEND": (2, lambda target, item: _extend([item], [target])),
    "BUILD": (2, _keep),
    "REDUCE": (2, _call),
    "BINPERSID": (1, _storage),
}
_FUNCTIONS: dict[str, Callable] = {
    "collections OrderedDict": lambda: {},
    "torch._utils _rebuild_tensor": _tensor,
    "torch._utils _rebuild_tensor_v2": _tensor,
    "torch._utils _rebuild_parameter": lambda tensor, *ignored: _of_type(tensor, StoredTensor),
}
