"""Damages the bytes of a file at random: any file, tables, JSON; a seed fixes the damage."""

import json
from collections.abc import Callable, Sequence

import numpy as np

_MOST_BYTES = 64  # That one change inserts, deletes, doubles or moves; a quarter of a large file.
_NUMBERS = (
    "nan",
    "inf",
    "-inf",
    "1e400",
    "-1",
    str(2**63),
    "",
    "many",
    "0x10",
    "1_0",
    " 1",
    "\uff11",
)
_WORDS = (
    "\0",
    "\u202e",
    "\u200b",
    "é",
    "\U0001f600",
    "\ufeff",
    '"',
    "'",
    ",",
    "\r",
    "\n",
    "\n\n",
    "=1+1",
)
_VALUES = (None, True, -1, 2**63, 1e308, float("nan"), float("inf"), "", "many", [], {}, [1], "1")


def mutate_bytes(rng: np.random.Generator, data: bytes, others: Sequence[bytes] = ()) -> bytes:
    """Change a file once or up to three times.

    Args:
        rng: Decides what is changed, and where.
        data: The content of a valid file.
        others: Contents of other valid files of the kind; a part of one may be spliced in.
    """
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        data = rng.choice(_OF_BYTES)(rng, data, others or (data,))
    return data


def mutate_table(rng: np.random.Generator, data: bytes, others: Sequence[bytes] = ()) -> bytes:
    """Change a CSV table: its fields and rows, or now and then its bytes."""
    if rng.random() < 0.3:
        return mutate_bytes(rng, data, others)
    rows = [line.split(",") for line in data.decode().split("\n")]
    row = rows[rng.integers(max(len(rows) - 1, 1))]  # The last one is empty.
    place = rng.integers(len(row))
    match rng.integers(7):
        case 0:
            row[place] = str(rng.choice(_NUMBERS))
        case 1:
            row[place] = _insert_word(rng, row[place])
        case 2:
            row.insert(place, row[place])
        case 3:
            del row[place]
        case 4:
            rows.insert(rng.integers(len(rows)), list(row))
        case 5:
            rows.remove(row)
        case 6:
            other = rng.integers(len(row))
            row[place], row[other] = row[other], row[place]
    return "\n".join(map(",".join, rows)).encode()


def mutate_json(rng: np.random.Generator, data: bytes, others: Sequence[bytes] = ()) -> bytes:
    """Change a JSON file: keys and values, or now and then its bytes."""
    if rng.random() < 0.3:
        return mutate_bytes(rng, data, others)
    content = json.loads(data)
    places = list(_places(content))
    if not places:
        return mutate_bytes(rng, data, others)
    holder, key = places[rng.integers(len(places))]
    match rng.integers(4):
        case 0:
            del holder[key]
        case 1:
            holder[key] = _VALUES[rng.integers(len(_VALUES))]
        case 2 if isinstance(holder, dict):
            holder[_insert_word(rng, key)] = holder.pop(key)
        case 3 if isinstance(holder[key], str):
            holder[key] = _insert_word(rng, holder[key])
        case _:
            other, name = places[rng.integers(len(places))]
            holder[key] = other[name] if name in _names(other) else None
    try:
        return json.dumps(content, indent=2).encode()
    except ValueError:  # A value was put into itself.
        return b"[" * 100_000


def mutate_json_or_bytes(
    rng: np.random.Generator, data: bytes, others: Sequence[bytes] = ()
) -> bytes:
    """Change a file of a folder that holds JSON objects and other files."""
    return (mutate_json if data[:1] == b"{" else mutate_bytes)(rng, data, others)


def _names(holder: dict | list) -> list:
    return list(holder) if isinstance(holder, dict) else list(range(len(holder)))


def _places(content: object):
    """Every dict or list in it, with every key or index."""
    if isinstance(content, dict | list):
        for key in _names(content):
            yield content, key
            yield from _places(content[key])


def _insert_word(rng: np.random.Generator, text: str) -> str:
    place = rng.integers(len(text) + 1)
    return text[:place] + str(rng.choice(_WORDS)) + text[place:]


def _flip(rng, data, others):
    return _set(rng, data, lambda byte: byte ^ 1 << int(rng.integers(8)))


def _replace(rng, data, others):
    return _set(rng, data, lambda byte: int(rng.choice([0, 1, 127, 128, 255, rng.integers(256)])))


def _set(rng: np.random.Generator, data: bytes, change: Callable[[int], int]) -> bytes:
    if not data:
        return data
    # Headers are small and say most: every third change is among the first bytes.
    place = int(rng.integers(min(len(data), 100) if rng.random() < 0.33 else len(data)))
    return data[:place] + bytes([change(data[place])]) + data[place + 1 :]


def _truncate(rng, data, others):
    return data[: rng.integers(len(data) + 1)]


def _insert(rng, data, others):
    place = _place(rng, data)
    return data[:place] + rng.bytes(_length(rng, data)) + data[place:]


def _delete(rng, data, others):
    place = _place(rng, data)
    return data[:place] + data[place + _length(rng, data) :]


def _duplicate(rng, data, others):
    place, length = _place(rng, data), _length(rng, data)
    return data[: place + length] + data[place:]


def _swap(rng, data, others):
    one, other = sorted((_place(rng, data), _place(rng, data)))
    length = min(_length(rng, data), other - one)
    first, second = data[one : one + length], data[other : other + length]
    return data[:one] + second + data[one + length : other] + first + data[other + length :]


def _splice(rng, data, others):
    other = others[rng.integers(len(others))]
    return data[: _place(rng, data)] + other[_place(rng, other) :]


def _place(rng: np.random.Generator, data: bytes) -> int:
    return int(rng.integers(len(data) + 1))


def _length(rng: np.random.Generator, data: bytes) -> int:
    most = len(data) // 4 if rng.random() < 0.25 else _MOST_BYTES
    return int(rng.integers(1, max(most, 1) + 1))


_OF_BYTES = (_flip, _flip, _replace, _truncate, _insert, _delete, _duplicate, _swap, _splice)
