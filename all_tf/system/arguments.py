"""Types of command-line arguments: whole numbers and real numbers within bounds, and paths."""

import argparse
import math
from collections.abc import Callable
from pathlib import Path

from tfrecords.class_names import class_name_fault
from tfrecords.names import legible, name_fault, one_spelling
from tfrecords.records_name import check_records_name

MOST = 2**31 - 1  # TensorFlow and C libraries count in 32 bits.
MAX_SEED = 2**32 - 1  # That numpy takes.
_ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar")
_MOST_OF_PATH, _MOST_OF_NAME = 4095, 255  # Bytes, on Linux.


def whole_number(low: int = 0, high: int = MOST) -> Callable[[str], int]:
    """Return a type for `add_argument`: whole numbers in [low, high], in decimal digits.

    Raises:
        argparse.ArgumentTypeError: From the type, for any other text; argparse prints it.
    """

    def parse(text: str) -> int:
        digits = text.removeprefix("-")
        # A text of thousands of digits is not worth converting.
        if not (digits.isascii() and digits.isdigit() and len(digits) < 20):
            raise _refusal(f"a whole number of {low} to {high}", text)
        if not low <= int(text) <= high:
            raise _refusal(f"a whole number of {low} to {high}", text)
        return int(text)

    return parse


def real_number(low: float = -math.inf, high: float = math.inf) -> Callable[[str], float]:
    """Return a type for `add_argument`: finite real numbers in [low, high].

    Raises:
        argparse.ArgumentTypeError: From the type, for any other text; argparse prints it.
    """
    bounds = f" of {low:g} to {high:g}" if math.isfinite(low) and math.isfinite(high) else ""

    def parse(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not (math.isfinite(number) and low <= number <= high):
            raise _refusal(f"a number{bounds}", text)
        return number

    return parse


def file_path(text: str) -> Path:
    """Return a path that the file system can hold; a type for `add_argument`.

    Raises:
        argparse.ArgumentTypeError: The text is empty, too long, has a NUL byte, or is an archive.
    """
    path = Path(text)
    if not text.strip() or "\0" in text:
        raise _refusal("a path", text)
    longest = max((len(part.encode(errors="surrogateescape")) for part in path.parts), default=0)
    if longest > _MOST_OF_NAME or len(text.encode(errors="surrogateescape")) > _MOST_OF_PATH:
        raise _refusal(f"a path of names of at most {_MOST_OF_NAME} bytes", text)
    is_archive = path.name.lower().endswith(_ARCHIVES) and ".pth" not in path.suffixes
    if is_archive and path.is_file():
        raise _refusal("a folder, not an archive: unpack it and name the folder", text)
    return path


def path_to_write(text: str) -> Path:
    """Return a path that TensorFlow can write, which takes UTF-8; a type for `add_argument`.

    Raises:
        argparse.ArgumentTypeError: As `file_path`, or the name holds what no name should.
    """
    if fault := name_fault(text):
        raise _refusal(f"a path that can be written: {fault}", text)
    return file_path(text)


def folds_choice(text: str) -> int | str:
    """Return a number of folds, or `official`; a type for `add_argument`."""
    return text if text == "official" else whole_number(2, 10_000)(text)


def hold_out_choice(text: str) -> int | float:
    """Return a number of patients, or a share of them as a float; a type for `add_argument`.

    Raises:
        argparse.ArgumentTypeError: The text is no number from 1, no share as 0.2, and not `all`.
    """
    if text == "all":
        return 1.0
    if text.isascii() and text.isdigit():
        return whole_number(1, 10**6)(text)
    try:
        share = real_number(0, 1)(text)
    except argparse.ArgumentTypeError:
        share = 0.0
    if not 0 < share < 1:
        raise _refusal("a number of patients from 1, a share between 0 and 1, or all", text)
    return share


def records_name(text: str) -> str:
    """Return a name that records may have; a type for `add_argument`."""
    try:
        return check_records_name(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(legible(str(error))) from error


def class_name(text: str) -> str:
    """Return a name that a class may have; a type for `add_argument`."""
    name = one_spelling(text)
    if fault := class_name_fault(name):
        raise _refusal(f"the name of a class: {fault}", text)
    return name


def _refusal(expected: str, text: str) -> argparse.ArgumentTypeError:
    return argparse.ArgumentTypeError(f"expected {expected}. Received: {_shown(text)}")


def _shown(text: str) -> str:
    return f"'{legible(text if len(text) <= 40 else f'{text[:40]}...')}'"
