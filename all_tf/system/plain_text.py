"""Text from files as it may be shown: characters that steer a screen are escaped."""

import unicodedata

# Control characters, marks of direction and other invisible ones, halves of surrogate pairs.
_STEERING = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def visible(text: str, *, lines: bool = False) -> str:
    r"""Text with an escape, as `\x1b` or `\u202e`, for each character that is not seen as itself.

    A terminal obeys ESC, and a mark of direction shows what follows in another order than it is.

    Args:
        text: From a file, a file's name or an error.
        lines: Whether the ends of lines stay.
    """
    return "".join(
        character if _shown(character, lines) else ascii(character)[1:-1] for character in text
    )


def _shown(character: str, lines: bool) -> bool:
    return unicodedata.category(character) not in _STEERING or (lines and character == "\n")
