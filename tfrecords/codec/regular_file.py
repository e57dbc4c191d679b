"""Opens and reads regular files only: nothing that blocks, never ends or fills the memory."""

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path

_MOST_BYTES = 1 << 27  # More than the largest picture takes that is decoded, without compression.
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def open_regular(path: Path) -> BufferedReader:
    """Open a regular file to read it.

    Raises:
        OSError: There is none, it cannot be read, or it is a FIFO, a device, a socket or a folder.
    """
    _check_kind(path, path.stat())  # Before it is opened: that alone may have an effect.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    file = open(descriptor, "rb")  # noqa: SIM115 PTH123  The caller closes it.
    try:
        _check_kind(path, os.fstat(descriptor))  # It may have been exchanged meanwhile.
    except OSError:
        file.close()
        raise
    return file


def read_image_file(path: Path) -> bytes:
    """Read a regular file that is no larger than a picture can be.

    Raises:
        OSError: `open_regular` refuses the file, or it is larger.
    """
    with open_regular(path) as file:
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        reason = f"expected an image of at most {_MOST_BYTES:,} bytes; the file is larger"
        raise OSError(errno.EFBIG, reason, str(path))
    return data


def _check_kind(path: Path, status: os.stat_result) -> None:
    kind = stat.S_IFMT(status.st_mode)
    if kind != stat.S_IFREG:
        received = _KINDS.get(kind, "something else")
        reason = f"expected a regular file; received {received}"
        raise OSError(errno.EINVAL, reason, str(path))
