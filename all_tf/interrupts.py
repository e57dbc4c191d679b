"""Signals that end a training between two steps, also where a library swallows the exception."""

import signal

_came: list[int] = []


def end_at_signals() -> None:
    """Have SIGTERM and SIGINT raise KeyboardInterrupt with their number; later ones are ignored."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _interrupt)


def raise_if_told() -> None:
    """Raise once more: TensorFlow loses what a handler raises while it waits for a batch."""
    if _came:
        raise KeyboardInterrupt(_came[0])


def _interrupt(number: int, frame) -> None:
    # What a shell and a parent send besides is not to disturb the way out.
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, signal.SIG_IGN)
    _came.append(number)
    raise KeyboardInterrupt(number)
