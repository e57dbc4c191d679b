"""The standard streams of a script: always open, and an error of theirs never ends the work."""

import io
import os
import sys
from typing import TextIO

_INPUT, _OUTPUT, _ERRORS = 0, 1, 2  # File descriptors.


class _Lasting(io.FileIO):
    """A descriptor that becomes os.devnull at the first write that fails.

    Attributes:
        lost: That failure, if it was not a reader who had seen enough (`| head`).
    """

    lost: OSError | None = None

    def write(self, data) -> int:
        """Write, or drop the bytes and everything after them; children lose them as well."""
        try:
            return super().write(data)
        except OSError as error:
            if not isinstance(error, BrokenPipeError):
                self.lost = error
            _open_nothing(self.fileno())
            return len(data)


def keep_streams_open() -> None:
    """Open the standard streams that are closed, and let no write to stdout or stderr fail.

    A file that a process opens takes the lowest free number: with stderr closed it would be 2, and
    messages would be written into it. Streams that somebody has replaced, as pytest does, stay.
    """
    for descriptor in (_INPUT, _OUTPUT, _ERRORS):
        if not _is_open(descriptor):
            _open_nothing(descriptor)
    if sys.stdout is None or sys.stdout is sys.__stdout__:
        sys.stdout = _lasting(_OUTPUT, sys.stdout, errors="backslashreplace")
    if sys.stderr is None or sys.stderr is sys.__stderr__:
        sys.stderr = _lasting(_ERRORS, sys.stderr, errors="backslashreplace")


def output_lost() -> OSError | None:
    """Return why stdout could not be written, for example a full disk; None if it could."""
    sys.stdout.flush()
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    return raw.lost if isinstance(raw, _Lasting) else None


def _lasting(descriptor: int, stream: TextIO | None, *, errors: str) -> TextIO:
    if stream is not None:
        stream.flush()
    raw = _Lasting(descriptor, "w", closefd=False)
    interactive = descriptor == _ERRORS or raw.isatty()
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=getattr(stream, "encoding", None) or "utf-8",
        errors=errors,
        line_buffering=interactive,
        write_through=bool(getattr(stream, "write_through", False)),
    )


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _open_nothing(descriptor: int) -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    if nothing != descriptor:
        os.dup2(nothing, descriptor)
        os.close(nothing)
