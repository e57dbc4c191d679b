"""Progress of long work: a bar on a terminal, plain lines in a log."""

import sys
import threading
from collections.abc import Iterable, Iterator
from typing import TypeAlias, TypeVar

from tqdm import tqdm

_Item = TypeVar("_Item")
# In a log a line cannot be overwritten: short work prints nothing, long work a line now and then.
_SECONDS_TO_FIRST_LINE = 2.0
_SECONDS_BETWEEN_LINES = 20.0
# tqdm's own lock is also for several processes, and a semaphore that outlives one that is killed.
tqdm.set_lock(threading.RLock())

Bar: TypeAlias = tqdm  # Lets callers annotate a bar without importing tqdm.


class _PlainLines(tqdm):
    """Prints progress line by line, because a log does not show carriage returns."""

    def display(self, msg: str | None = None, pos: int | None = None) -> None:
        if self.n and msg != "":  # tqdm passes "" to erase a bar; here there is none.
            print(msg or str(self), file=self.fp, flush=True)
            self.mininterval = _SECONDS_BETWEEN_LINES

    def clear(self, nolock: bool = False) -> None:
        """Do nothing: there is no bar to erase."""


def bar(description: str, total: int, *, unit: str = "image") -> Bar:
    """Return a progress bar; `update` advances it and `close` ends it.

    Args:
        description: The work, in a word or two.
        total: Number of units.
        unit: Name of one unit, in the singular.
    """
    if sys.stderr.isatty():
        return tqdm(desc=description, total=total, unit=unit, leave=False, dynamic_ncols=True)
    return _PlainLines(
        desc=description,
        total=total,
        unit=unit,
        mininterval=_SECONDS_TO_FIRST_LINE,
        miniters=1,
        ncols=80,
        bar_format="{desc}: {n_fmt} of {total_fmt}, {rate_fmt}, {remaining} left",
        leave=False,
    )


def track(
    items: Iterable[_Item], description: str, total: int, *, unit: str = "image"
) -> Iterator[_Item]:
    """Yield the items while a progress bar counts them."""
    with bar(description, total, unit=unit) as progress_bar:
        for item in items:
            yield item
            progress_bar.update()


def say(line: str) -> None:
    """Print a line above a progress bar, if one is shown."""
    tqdm.write(line)


def describe_duration(seconds: float) -> str:
    """Write a duration in seconds, minutes or hours, whichever reads best."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
