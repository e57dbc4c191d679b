"""What a value read from a file may be: its type, its range, its words; and checks by field."""

import math
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

MOST_FLOAT32 = 3.4e38  # Above it a float64 becomes infinite in the network's type.
_ROUNDING = 1e-9  # A mean of ones may be 1.0000000000000002.
_MOST_WHOLE = 10**15
_MOST_SHOWN = 60  # Characters of a value in a message.


class Expected(NamedTuple):
    """What a value may be, in words and as a test of it."""

    what: str
    holds: Callable[[Any], bool]


def number(least: float = -MOST_FLOAT32, most: float = MOST_FLOAT32) -> Expected:
    """A finite number in [least, most]; no bool."""

    def holds(value: Any) -> bool:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return is_number and math.isfinite(value) and least - _ROUNDING <= value <= most + _ROUNDING

    return Expected(f"a number of {least:g} to {most:g}", holds)


def integer(least: int = 0, most: int = _MOST_WHOLE) -> Expected:
    """A whole number in [least, most], written without a point; no bool."""

    def holds(value: Any) -> bool:
        return type(value) is int and least <= value <= most

    return Expected(f"a whole number of {least:,} to {most:,}", holds)


def word_of(*words: str | int | None) -> Expected:
    """One of some words or numbers."""

    def holds(value: Any) -> bool:
        return any(type(value) is type(word) and value == word for word in words)

    return Expected(f"one of {', '.join(map(str, words))}", holds)


def optional(expected: Expected) -> Expected:
    """Such a value, or null."""
    return Expected(f"{expected.what}, or null", lambda x: x is None or expected.holds(x))


def list_of(expected: Expected, *, length: int | None = None) -> Expected:
    """A list of such values, of any length or of this one."""

    def holds(value: Any) -> bool:
        fits = isinstance(value, list) and length in (None, len(value))
        return fits and all(map(expected.holds, value))

    many = "" if length is None else f"{length} times "
    return Expected(f"a list of {many}{expected.what}", holds)


def table(fields: Mapping[str, Expected], *, needed: Collection[str] = ()) -> Expected:
    """An object that has no other fields than these, and at least the needed ones."""

    def holds(value: Any) -> bool:
        known = isinstance(value, dict) and set(needed) <= value.keys() <= fields.keys()
        return known and all(fields[key].holds(held) for key, held in value.items())

    return Expected(f"an object of {', '.join(fields)}", holds)


def mapping_of(expected: Expected) -> Expected:
    """An object with such values under any keys."""

    def holds(value: Any) -> bool:
        return isinstance(value, dict) and all(map(expected.holds, value.values()))

    return Expected(f"an object of {expected.what}", holds)


def range_of(expected: Expected) -> Expected:
    """A list of the lower and the upper end of a range."""
    pair = list_of(expected, length=2)
    return Expected(
        f"two of {expected.what}, the lower one first",
        lambda value: pair.holds(value) and value[0] <= value[1],
    )


TEXT = Expected("text", lambda value: isinstance(value, str))
NAME = Expected("text that is not empty", lambda value: isinstance(value, str) and value != "")
ANY_OBJECT = Expected("an object", lambda value: isinstance(value, dict))
DIGEST = Expected(
    "a SHA-256 in hexadecimal, or empty",
    lambda value: isinstance(value, str) and re.fullmatch("(?:[0-9a-f]{64})?", value) is not None,
)


def first_fault(
    content: Mapping[str, object], fields: Mapping[str, Expected], *, needed: Collection[str] = ()
) -> tuple[str, str] | None:
    """The first field that is not as expected, and a sentence about it; None if all are.

    Args:
        content: Values by field.
        fields: What each may be. A field whose name ends with `_sha256` need not be listed.
        needed: The fields that must be there.
    """
    for key, value in content.items():
        expected = fields.get(key, DIGEST if key.endswith("_sha256") else None)
        if expected is None:
            return key, "Expected no such field."
        if not expected.holds(value):
            return key, f"Expected {expected.what}. Received: {shortened(value)}"
    absent = [key for key in needed if key not in content]
    return (absent[0], f"it has no {', '.join(absent)}.") if absent else None


def shortened(value: object) -> str:
    """A value for a message, its control characters escaped, cut where it is long."""
    try:
        text = ascii(value)
    except (ValueError, RecursionError):  # Python writes no whole number of 4,300 digits.
        text = "a value that cannot be shown"
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."
