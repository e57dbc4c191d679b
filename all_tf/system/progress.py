"""How far long work has come: a bar on a terminal, plain lines in a log."""

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

_Item = TypeVar("_Item")
# In a log, where a line cannot be drawn over: short work says nothing, long work not too much.
_SECONDS_TO_FIRST_LINE = 2.0
_SECONDS_BETWEEN_LINES = 20.0

Bar = tqdm  # What shows it; nobody else needs to know the package.


class _PlainLines(tqdm):
    """The same figures, one line at a time: logs show no carriage returns."""

    def display(self, msg: str | None = None, pos: int | None = None) -> None:
        if self.n and msg != "":  # Empty where tqdm wipes the bar that it takes this for.
            print(msg or str(self), file=self.fp, flush=True)
            self.mininterval = _SECONDS_BETWEEN_LINES

    def clear(self, nolock: bool = False) -> None:
        """Nothing stands on the line that would have to be wiped."""


def bar(description: str, total: int, *, unit: str = "image") -> Bar:
    """A bar that `update` moves on and `close` ends.

    Args:
        description: What is being done, in a word or two.
        total: How many units there are.
        unit: Their name, in the singular.
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
    """The items, while a bar shows how many have come."""
    with bar(description, total, unit=unit) as shown:
        for item in items:
            yield item
            shown.update()


def say(line: str) -> None:
    """Print a line above whatever bar is being shown."""
    tqdm.write(line)


def describe_duration(seconds: float) -> str:
    """In the unit that a person would choose."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
