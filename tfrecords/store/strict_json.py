"""Parses JSON strictly: finite numbers, each name once, text that can be written again."""

import json
from typing import Any

_MOST_DIGITS = 18  # Of a whole number.


def parse_json(text: str | bytes) -> Any:
    """Parse the text of a JSON file.

    Args:
        text: The text, or its bytes in UTF-8.

    Raises:
        ValueError: It is no JSON, or JSON that reads differently elsewhere: a number is not finite
            or has too many digits, a name is twice in one object, text holds a NUL character or
            half of a surrogate pair, or the nesting is too deep. `json.JSONDecodeError`, which has
            the line, where it is no JSON.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8")
    try:
        content = json.loads(
            text,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_bounded,
            object_pairs_hook=_once_each,
        )
        json.dumps(content, ensure_ascii=False).encode()  # Half of a surrogate pair is no text.
    except RecursionError as error:
        raise ValueError("its values are nested too deeply") from error
    return content


def _refuse_constant(word: str) -> float:
    raise ValueError(f"{word} is no finite number")


def _finite(text: str) -> float:
    value = float(text)
    return value if abs(value) < float("inf") else _refuse_constant(text[:20])


def _bounded(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise ValueError(f"a whole number of {len(text):,} digits")
    return int(text)


def _once_each(pairs: list[tuple[str, object]]) -> dict:
    content = dict(pairs)
    if len(content) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the field {ascii(twice)[:80]} twice")
    if any("\0" in value for value in (*content, *content.values()) if isinstance(value, str)):
        raise ValueError("a NUL character in text")
    return content
