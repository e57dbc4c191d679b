"""Signals that end a training between two steps, wherever a library was when they came."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_came: list[int] = []


def interrupt_on_signals() -> None:
    """Have SIGTERM and SIGINT raise KeyboardInterrupt with their number; later ones are ignored."""
    for number in _SIGNALS:
        signal.signal(number, _interrupt)


@contextmanager
def defer_signals() -> Iterator[None]:
    """In here a signal is only noted, for `raise_deferred`, and raised at the end at the latest.

    An exception that a handler raises in the midst of a library may be lost: in a `__del__` it is
    printed and forgotten, and TensorFlow forgets it while it waits for a batch. Where
    `interrupt_on_signals` was not called, signals do what they did.

    Raises:
        KeyboardInterrupt: One has come.
    """
    ours = [number for number in _SIGNALS if signal.getsignal(number) is _interrupt]
    for number in ours:
        signal.signal(number, _note)
    try:
        yield
    finally:
        for number in ours if not _came else ():
            signal.signal(number, _interrupt)
    raise_deferred()


def raise_deferred() -> None:
    """Raise KeyboardInterrupt with the number of a signal that has come."""
    if _came:
        raise KeyboardInterrupt(_came[0])


def _note(number: int, frame) -> None:
    # What a shell and a parent send besides is not to disturb the way out.
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    _came.append(number)


def _interrupt(number: int, frame) -> None:
    _note(number, frame)
    raise_deferred()
