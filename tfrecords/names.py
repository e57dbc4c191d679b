"""Text that names people and files: one spelling for each, and legible in every message."""

import unicodedata
from collections.abc import Sequence
from pathlib import Path

# Cc: control characters; Zl, Zp: line breaks. Cs: bytes of a file name that are not UTF-8.
_REFUSED = {"Cc": "a control character", "Zl": "a line break", "Zp": "a line break"}
# Also marks of direction and other invisible characters.
_STEERING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def one_spelling(text: str) -> str:
    """Spell a name in one way: NFC, without spaces around it.

    Systems write a letter with an accent as one character or as two; both are one name.
    """
    return unicodedata.normalize("NFC", text).strip()


def look_of(text: str) -> str:
    """What is equal for names that a person reads as one: `P 1`, `p 1` and `P<no-break space>1`.

    It leaves out capitals, the kind and number of spaces, characters that are not seen and the
    variants of one character (Unicode's NFKC). It is for comparison, and never a name itself.
    """
    seen = "".join(each for each in text if unicodedata.category(each) != "Cf")
    folded = unicodedata.normalize("NFKC", seen).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def alike(one: str, other: str) -> str:
    """Say that two names of patients look alike, each in ASCII, and what to do."""
    return (
        f"patients {one!a} and {other!a} look alike: write one person's name in one way, or give "
        "two people names that differ in more than capitals, spaces and what is not seen"
    )


def name_fault(text: str) -> str:
    """Say why a text may not be a name, or nothing if it may.

    A control character, a line break or a change of the writing direction would alter the lines in
    which a name is shown; a name that is not UTF-8 cannot be written to a table.
    """
    for character in text:
        category = unicodedata.category(character)
        if category == "Cs":
            return "the name is not UTF-8; rename it"
        if category in _REFUSED or character in _BIDI:
            what = _REFUSED.get(category, "a change of the writing direction")
            return f"the name holds {what}; rename it"
    return ""


def unique_names(names: Sequence[str]) -> list[str]:
    """Number the names that come again: the second `f.png` of a list is `f.png (2)`.

    The number counts up until no name of the list, nor one that was made, is the same.
    """
    used = set(names)
    number_of: dict[str, int] = {}  # The last one of each name.
    unique: list[str] = []
    for name in names:
        number, own = number_of.get(name, 0) + 1, name
        while number > 1 and (own := f"{name} ({number})") in used:
            number += 1
        number_of[name] = number
        used.add(own)
        unique.append(own)
    return unique


def legible(text: str | Path, *, keep: str = "") -> str:
    r"""Show a text with an escape for each character that is not seen as itself: `zelle_\xe4.png`.

    A terminal obeys ESC, and a mark of direction shows what follows in another order than it is.

    Args:
        text: Any text, also a path whose bytes are not UTF-8.
        keep: Characters that stay although they cannot be printed, "\n" for a message.
    """
    return "".join(
        _escape(character)
        if unicodedata.category(character) in _STEERING and character not in keep
        else character
        for character in str(text)
    )


def _escape(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"  # A byte that Python could not decode.
    return character.encode("unicode_escape").decode()


def without_steps_up(path: Path) -> Path:
    """The absolute path without "..", which is no name; links that no ".." follows keep theirs.

    A patient's folder may be a link to a place that is called `raw` for every patient.
    """
    parts = path.absolute().parts
    end = max((place for place, part in enumerate(parts, start=1) if part == ".."), default=1)
    return Path(*parts[:end]).resolve().joinpath(*parts[end:])
