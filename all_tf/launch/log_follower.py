"""How far a training in another process has come, read off its log."""

import re
import shutil
import sys
from pathlib import Path

from all_tf.system.child_process import read_tail

_ENDED = re.compile(r"epoch \d+/\d+  ")  # A line of a finished epoch; one that runs has a colon.


class EpochWatch:
    """Shows the latest line about an epoch: over itself on a terminal, line by line in a log.

    Args:
        log: That the training writes; it need not be there yet.
    """

    def __init__(self, log: Path):
        self._log = log
        self._shown = ""
        self._terminal = sys.stdout.isatty()

    def update(self) -> None:
        """Show what is new. In a log only epochs that have ended, so that it stays short."""
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
        """Free the line for what comes next."""
        if self._terminal and self._shown:
            print("\r\x1b[K", end="", flush=True)
