"""The name of a records directory: given, taken from a folder, or that of the published images."""

import re

from tfrecords.names import one_spelling

CNMC_NAME = "C-NMC 2019"  # Only of records that hold nothing but the published files.
_MOST_CHARACTERS = 60
_ALLOWED = re.compile(r"[^\W_][\w .,+()&-]*")


def check_records_name(text: str) -> str:
    """Return a name in one spelling.

    Raises:
        ValueError: It is empty, too long, holds characters that a plot or a file name would
            change, or is the name of the published images.
    """
    name = one_spelling(text)
    if not _ALLOWED.fullmatch(name) or len(name) > _MOST_CHARACTERS:
        raise ValueError(
            f"Expected a name of 1 to {_MOST_CHARACTERS} letters, digits, spaces and _ . , + - & "
            f"( ), a letter or digit first. Received: name={text!r}"
        )
    if is_reserved(name):
        raise ValueError(
            f"The name {CNMC_NAME} is given by itself, and only to records of the published files. "
            f"Choose another one. Received: name={text!r}"
        )
    return name


def is_records_name(text: object) -> bool:
    """Whether a file may hold a text as the name of records: one that they can have, or none."""
    if not isinstance(text, str) or text in ("", CNMC_NAME):
        return text in ("", CNMC_NAME)
    try:
        return check_records_name(text) == text
    except ValueError:
        return False


def is_reserved(name: str) -> bool:
    """Whether a name would be read as that of the published images."""
    letters = re.sub(r"[\W_]", "", name.casefold())
    return letters == re.sub(r"[\W_]", "", CNMC_NAME.casefold())


def name_of_folder(folder: str) -> str:
    """Make a name of the name of a folder: other characters become "-"."""
    name = re.sub(r"[^\w .,+()&-]+", "-", one_spelling(folder))
    name = re.sub(r"^[\W_]+", "", name)[:_MOST_CHARACTERS].rstrip() or "records"
    return f"{name} (not as published)" if is_reserved(name) else name
