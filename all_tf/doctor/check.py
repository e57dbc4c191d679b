"""A check of the machine: its state, what was found, and what to do."""

import textwrap
from collections.abc import Callable
from typing import NamedTuple

from all_tf.system.script_command import runnable

OK, WARNING, PROBLEM = "ok", "warning", "problem"
_WIDTH = 79
_INDENT = " " * 23  # Of the third column.


class Check(NamedTuple):
    """What a check has found."""

    name: str
    state: str  # OK, WARNING, or PROBLEM, with which a training would fail or make no sense.
    found: str
    remedy: str = ""  # What to do; empty where nothing is to be done.
    usable: bool = False  # Of records and of a GPU: whether a training can use them.


def guarded(name: str, check: Callable[[], Check]) -> Check:
    """Run a check; what it raises is the problem that it has found. Commands start from here."""
    try:
        found = check()
        return found._replace(found=runnable(found.found), remedy=runnable(found.remedy))
    except ModuleNotFoundError as error:
        return Check(name, PROBLEM, f"not checked: {error.name} is not installed", INSTALL)
    except Exception as error:  # A broken library raises anything.
        return Check(name, PROBLEM, f"{type(error).__name__}: {error}")


INSTALL = (
    "pip install --constraint constraints.txt -e . in the checkout; without one, the wheel again"
)


def format_check(check: Check) -> str:
    """A check as lines of at most 79 columns, long words apart."""
    head = f"  {check.state:<9} {check.name:<10} "
    lines = _wrapped(check.found, first=head)
    if check.remedy:
        lines += _wrapped(check.remedy, first=f"{_INDENT}-> ", rest=f"{_INDENT}   ")
    return "\n".join(lines)


def _wrapped(text: str, *, first: str, rest: str = _INDENT) -> list[str]:
    return textwrap.wrap(
        " ".join(text.split()),
        _WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [first.rstrip()]
