"""SIGINT and SIGTERM, deferred to the end of the current training step."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_received: list[int] = []


def interrupt_on_signals() -> None:
    """Make the first SIGTERM or SIGINT raise KeyboardInterrupt(number) and ignore later ones."""
    for number in _SIGNALS:
        signal.signal(number, _interrupt)


@contextmanager
def defer_signals() -> Iterator[None]:
    """Record a signal inside this context; `raise_deferred`, or the end of the context, raises it.

    An exception that a handler raises inside a library may be lost: in a `__del__` Python prints
    and ignores it, and TensorFlow ignores it while it waits for a batch. If `interrupt_on_signals`
    was not called, signals keep their handlers.

    Raises:
        KeyboardInterrupt: A signal was received.
    """
    handled = [number for number in _SIGNALS if signal.getsignal(number) is _interrupt]
    for number in handled:
        signal.signal(number, _record)
    try:
        yield
    finally:
        for number in handled if not _received else ():
            signal.signal(number, _interrupt)
    raise_deferred()


def raise_deferred() -> None:
    """Raise KeyboardInterrupt with the number of the signal that was received, if there was one."""
    if _received:
        raise KeyboardInterrupt(_received[0])


def was_lost(error: BaseException | None) -> bool:
    """Whether an exception that Python ignores is a signal's, which `raise_deferred` will raise."""
    return isinstance(error, KeyboardInterrupt) and bool(_received)


def _record(number: int, frame) -> None:
    # A shell and a parent process may both send a signal; the second must not disturb the exit.
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    _received.append(number)


def _interrupt(number: int, frame) -> None:
    _record(number, frame)
    raise_deferred()
