"""Processes that read pictures: one that hangs or crashes fails its own request alone."""

import asyncio
import multiprocessing
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import TypeVar

from all_tf.page.limits import RefusalError

_Result = TypeVar("_Result")
_SPAWN = multiprocessing.get_context("spawn")  # A fork would copy TensorFlow's locked threads.
_SECONDS_TO_END = 0.2  # After these a process is killed again.


class Readers:
    """A number of processes, each with one piece of work at a time.

    Args:
        number: Of processes, at least 1.
    """

    def __init__(self, number: int):
        self._all = [_Reader() for _ in range(number)]
        self._threads = ThreadPoolExecutor(2 * number, thread_name_prefix="reader")
        self._idle: asyncio.Queue[_Reader] = asyncio.Queue()
        for reader in self._all:
            self._idle.put_nowait(reader)

    def start(self) -> None:
        """Start all processes, which takes a second or two; else each starts at its first work."""
        for reader in self._all:
            reader.start()

    async def run(self, work: Callable[[], _Result], *, seconds: float) -> _Result:
        """What a function returns, called in a process.

        Args:
            work: A function that can be pickled, such as a `partial`.
            seconds: After which the process is killed.

        Raises:
            RefusalError: It took longer, the process ended, or the work failed.
        """
        reader = await self._idle.get()
        asking = asyncio.get_running_loop().run_in_executor(self._threads, reader.ask, work)
        # Nobody asks for the error of a process that is killed because its sender has gone.
        asking.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.shield(asking)
        except TimeoutError as error:
            raise RefusalError(422, f"A picture could not be read within {seconds:g} s.") from error
        finally:
            try:
                while not asking.done():  # Too slow, or the sender has gone.
                    reader.end()
                    # Again, had the process only been about to start.
                    await asyncio.wait([asking], timeout=_SECONDS_TO_END)
            finally:
                self._idle.put_nowait(reader)

    def end(self) -> None:
        """End all processes."""
        for reader in self._all:
            reader.end()
        self._threads.shutdown(wait=False)


class _Reader:
    """One process and the pipe to it; started when it is needed."""

    def __init__(self) -> None:
        self._process: multiprocessing.process.BaseProcess | None = None

    def start(self) -> None:
        self._pipe, theirs = _SPAWN.Pipe()
        process = _SPAWN.Process(target=_work_on_request, args=(theirs,), daemon=True)
        process.start()
        self._process = process
        theirs.close()  # So that the pipe breaks when the process ends.

    def ask(self, work: Callable[[], _Result]) -> _Result:
        if self._process is None or not self._process.is_alive():
            self.start()
        try:
            self._pipe.send(work)
            result, failure = self._pipe.recv()
        except (EOFError, OSError) as error:
            self.end()
            raise RefusalError(422, "A picture has ended the process that read it.") from error
        if failure:
            raise RefusalError(422, f"The pictures could not be read: {failure}.")
        return result

    def end(self) -> None:
        process, self._process = self._process, None  # Two threads may end it at the same time.
        if process is not None:
            process.kill()
            process.join()


def _work_on_request(pipe: Connection) -> None:
    """Work until the other end of the pipe is closed, as it is when the server ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server.
    import all_tf.page.reading  # noqa: F401  Loaded before the first request.

    with suppress(EOFError, OSError):
        while True:
            work = pipe.recv()
            try:
                answer = work(), ""
            except Exception as error:
                answer = None, type(error).__name__  # Its message may hold a name.
            pipe.send(answer)
