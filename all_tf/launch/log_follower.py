"""Progress of a training in another process, read from its log."""

import re
import shutil
import sys
from pathlib import Path

from all_tf.system.child_process import read_tail

_ENDED = re.compile(r"epoch \d+/\d+  ")  # A finished epoch; a running one has a colon.


class EpochWatch:
    """Shows the latest line about an epoch; on a terminal it overwrites the one before.

    Args:
        log: The log of the training; it need not exist yet.
    """

    def __init__(self, log: Path):
        self._log = log
        self._shown = ""
        self._terminal = sys.stdout.isatty()

    def update(self) -> None:
        """Show a new line, if there is one; in a log only those of finished epochs."""
        lines = [line for line in read_tail(self._log) if line.startswith("epoch ")]
        if not self._terminal:
            lines = [line for line in lines if _ENDED.match(line)]
        if not lines or lines[-1] == self._shown:
            return
        self._shown = lines[-1]
        if self._terminal:
            width = shutil.get_terminal_size().columns - 1
            print(f"\r\x1b[K{f'  {self._shown}'[:width]}", end="", flush=True)
        else:
            print(f"  {self._shown}", flush=True)

    def close(self) -> None:
        """Erase the line on a terminal."""
        if self._terminal and self._shown:
            print("\r\x1b[K", end="", flush=True)
