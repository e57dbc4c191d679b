"""Calls from TensorFlow into Python: counts them, and lets them finish before the process ends."""

import atexit
import time
from threading import Lock
from weakref import WeakSet

_SECONDS_BETWEEN_POLLS = 0.01
_QUIET_POLLS = 5  # In a row; a pipeline whose buffers are not full calls again within one.


class InFlightCalls:
    """Counts the calls that are running; a context manager that each call enters, in any thread.

    When Python shuts down, TensorFlow frees datasets that are still iterated (after an error, for
    example) and waits for their running calls. Those wait for Python's global lock, which they no
    longer get: the process would hang. So an exit handler refuses new calls and waits for the
    running ones before the shutdown.
    """

    most = 0  # Highest number of calls at the same time.

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
        """Refuse new calls from now on. Return whether no call is running."""
        with self._lock:
            self._ending = True
            return not self._running


_IN_USE: WeakSet[InFlightCalls] = WeakSet()


@atexit.register
def _wait_for_all() -> None:
    quiet_polls = 0
    while _IN_USE and quiet_polls < _QUIET_POLLS:
        running = [calls for calls in _IN_USE if not calls.end()]  # A list, so that all are ended.
        quiet_polls = 0 if running else quiet_polls + 1
        time.sleep(_SECONDS_BETWEEN_POLLS)
