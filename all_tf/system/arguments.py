"""Types of command-line arguments: whole numbers within a range, and paths that are not empty."""

import argparse
from collections.abc import Callable
from pathlib import Path

from tfrecords.names import legible, name_fault

MAX_SEED = 2**32 - 1  # numpy's and scikit-learn's.
_SHOWN = 40  # Characters of what was received.


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """Make the type of an option that takes a whole number from `least` to `most`."""

    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = None
        if number is None or not least <= number <= most:
            raise argparse.ArgumentTypeError(
                f"expected a whole number from {least} to {most}; received: {_received(text)}"
            )
        return number

    return parse


def folds_choice(text: str) -> int | str:
    """The type of an option that takes a number of folds, or `official`."""
    return text if text == "official" else whole_number(2, 10_000)(text)


def path_to_read(text: str) -> Path:
    """The type of an option that takes a path; an empty one would be the current folder."""
    if not text.strip():
        raise argparse.ArgumentTypeError(f"expected a path; received: {_received(text)}")
    return Path(text)


def path_to_write(text: str) -> Path:
    """The type of an option that takes a path to write, which TensorFlow has to take as UTF-8."""
    if fault := name_fault(text):
        raise argparse.ArgumentTypeError(f"{fault}; received: {_received(text)}")
    return path_to_read(text)


def _received(text: str) -> str:
    return f"'{legible(text)[:_SHOWN]}'"
