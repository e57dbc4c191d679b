"""Calls that TensorFlow makes into Python: how many at once, and none when the process ends."""

import atexit
import time
from threading import Lock
from weakref import WeakSet

_SECONDS_BETWEEN_LOOKS = 0.01
_QUIET_LOOKS = 5  # In a row: a pipeline whose buffers are not full calls again within one.


class InFlightCalls:
    """Is entered for each call, in whichever thread.

    While Python shuts down, TensorFlow frees what still iterates, after an error for example, and
    waits for calls that are under way. Those wait for Python's lock, which they are not given any
    more: the process would never end. So before the shutdown calls are refused and waited for.
    """

    most = 0  # At once, so far.

    def __init__(self):
        self._lock, self._running, self._ending = Lock(), 0, False
        _IN_USE.add(self)

    def __enter__(self) -> None:
        with self._lock:
            if self._ending:
                raise RuntimeError("The process is ending.")
            self._running += 1
            self.most = max(self.most, self._running)

    def __exit__(self, *_) -> None:
        with self._lock:
            self._running -= 1

    def end(self) -> bool:
        """Refuse calls from now on; whether none is under way."""
        with self._lock:
            self._ending = True
            return not self._running


_IN_USE: WeakSet[InFlightCalls] = WeakSet()


@atexit.register
def _wait_for_all() -> None:
    quiet = 0
    while _IN_USE and quiet < _QUIET_LOOKS:
        under_way = [calls for calls in _IN_USE if not calls.end()]  # All are told.
        quiet = 0 if under_way else quiet + 1
        time.sleep(_SECONDS_BETWEEN_LOOKS)
