"""A context for what is not the work itself: its failure is a warning."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def courtesy(what: str) -> Iterator[None]:
    """Print a warning for an exception in this context, and let the work go on.

    Args:
        what: What cannot be had then, the subject of the warning: "The chart".
    """
    try:
        yield
    except Exception as error:  # Not of KeyboardInterrupt.
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        print(f"warning: {what} failed and was left out ({reason})", file=sys.stderr, flush=True)
