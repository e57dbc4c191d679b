"""What all scripts share: their parser, options for a set of cells, exit codes of errors."""

import argparse
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from all_tf.system.script_command import runnable
from all_tf.system.script_parser import ScriptParser
from all_tf.system.signals import was_lost
from all_tf.system.streams import keep_streams_open, output_lost
from tfrecords.names import legible

_INTERRUPTS = (signal.SIGINT, signal.SIGTERM)
_came: list[int] = []  # Signals, of which the first ends the script.
_screen: list[int] = []  # A copy of file descriptor 2, which the import of TensorFlow redirects.
_undo: list[Callable[[], None]] = []  # What a sudden end must not leave behind, oldest first.
_at_once: list[bool] = []  # Not empty where a signal ends the process instead of being raised.


def script_parser(
    description: str | None,
    *,
    usage: str | None = None,
    refusal: type[Exception] | None = None,
) -> argparse.ArgumentParser:
    """Build a parser whose --help begins with a docstring, its commands as they start from here.

    `type=int` takes whole numbers of 0 to 2**31 - 1 (`whole_number` has other bounds), `type=float`
    finite numbers, and `type=Path` paths that a file system can hold. Anything else ends with the
    usage, one line and exit code 2, before anything heavy is imported. Options as other programs
    call them (`--lr`, `--bs`) are taken where the script has ours, and do not stand in its help.

    Args:
        description: The docstring.
        usage: The first line of --help; None for one made of the options.
        refusal: An exception to raise for wrong words; None to end the process.
    """
    return ScriptParser(description=runnable(description or ""), usage=usage, refusal=refusal)


def add_records_options(parser: argparse.ArgumentParser) -> None:
    """Add --records and --trust-records, for cells of a finished run."""
    parser.add_argument(
        "--records", type=Path, metavar="DIR", help="default: those it was trained on"
    )
    add_trust_option(parser)


def add_trust_option(parser: argparse.ArgumentParser) -> None:
    """Add --trust-records."""
    parser.add_argument(
        "--trust-records", action="store_true", help="skip the SHA-256 of the shards"
    )


def add_set_options(
    parser: argparse.ArgumentParser, *, splits: Sequence[str], default: str | None = None
) -> None:
    """Add --records, --trust-records, --split and --fold: the set of a finished run.

    Args:
        parser: Of a script whose `args` are then the fields of an `EvaluationSet`.
        splits: That --split takes.
        default: One of them; None for the set that the run is evaluated on by itself.
    """
    add_records_options(parser)
    text = f"default: {default or 'the set that the run is evaluated on'}"
    parser.add_argument("--split", choices=splits, default=default, help=text)
    parser.add_argument("--fold", type=int, metavar="K", help="one fold of the train split")


def add_overwrite_option(parser: argparse.ArgumentParser) -> None:
    """Add --overwrite, for results on records that a run was not trained on."""
    again = "replace a result on the same other records"
    parser.add_argument("--overwrite", action="store_true", help=again)


@contextmanager
def exit_on_errors(hint: Callable[[], str] | None = None) -> Iterator[None]:
    """End the script with one message and an exit code, without a traceback; also a decorator.

    Enter it before TensorFlow is imported: that takes seconds, in which a user may press Ctrl-C.
    The first signal raises KeyboardInterrupt, so that files half written are removed. During an
    import it ends the process at once, and so does a second signal, where a library has lost that
    exception. A signal that comes while an error is said ends it as if no handler were there.
    Standard streams that are closed or break do not end the script (`all_tf.system.streams`).

    Args:
        hint: Gives the rest of the line after "interrupted; ", as how to resume.

    Raises:
        SystemExit: OSError and ValueError end with "error: ..." and code 1, and so does output that
            could not be written; SIGINT and SIGTERM with "interrupted" and 128 plus their number.
    """
    keep_streams_open()
    sys.unraisablehook = _end_if_interrupted
    _screen.append(os.dup(2))
    try:
        for number in _INTERRUPTS:  # Also SIGINT, which jobs in the background ignore.
            signal.signal(number, _interrupt)
        yield
    except BaseException as error:
        if cause := _signal_of(error):
            print(f"\ninterrupted{f'; {runnable(hint())}' if hint else ''}", file=sys.stderr)
            sys.exit(128 + cause)
        for number in _INTERRUPTS:  # Nobody would catch what is raised from here on.
            signal.signal(number, signal.SIG_DFL)
        if isinstance(error, OSError | ValueError):
            sys.exit("error: " + legible(runnable(str(error)), keep="\n"))
        raise
    if lost := output_lost():
        sys.exit(f"error: what was printed could not be written: {lost}")


@contextmanager
def end_at_once_on_signals() -> Iterator[None]:
    """In here a signal that `exit_on_errors` handles ends the process, and raises nothing.

    An exception in the midst of the start of a C++ library may crash the process.
    """
    _at_once.append(True)
    try:
        yield
    finally:
        _at_once.pop()


@contextmanager
def undone_at_a_sudden_end(undo: Callable[[], None]) -> Iterator[None]:
    """Call `undo` if a signal ends the process in here without an exception."""
    _undo.append(undo)
    try:
        yield
    finally:
        _undo.remove(undo)


def _signal_of(error: BaseException) -> int | None:
    """The signal that an exception stems from; libraries may raise their own instead of ours."""
    if isinstance(error, KeyboardInterrupt):
        return error.args[0] if error.args else signal.SIGINT
    return _came[0] if _came else None


def _interrupt(number: int, frame: FrameType | None) -> None:
    _came.append(number)
    if _at_once or len(_came) > 1 or _is_importing(frame):
        _end()
    raise KeyboardInterrupt(number)


def _is_importing(frame: FrameType | None) -> bool:
    """Whether a module is being imported: a library may lose what is raised then, or crash."""
    while frame and not frame.f_code.co_filename.startswith("<frozen importlib"):
        frame = frame.f_back
    return frame is not None


def _end_if_interrupted(lost: "sys.UnraisableHookArgs") -> None:
    """Take the place of `sys.unraisablehook`, for what is raised in a `__del__`, for example."""
    if _came:
        _end()
    if not was_lost(lost.exc_value):
        sys.__unraisablehook__(lost)


def _end() -> None:
    """End the process at once, where Python cannot raise an exception in the main code."""
    for undo in reversed(_undo):
        with suppress(OSError):
            undo()
    with suppress(OSError):  # The terminal may be gone.
        os.write(_screen[-1], b"\ninterrupted\n")
    os._exit(128 + _came[0])
