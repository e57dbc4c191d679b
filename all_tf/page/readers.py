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
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.shield(asking)
        except TimeoutError as error:
            raise RefusalError(422, f"A picture could not be read within {seconds:g} s.") from error
        finally:
            if not asking.done():  # Also where the sender has gone.
                reader.end()
                with suppress(RefusalError):
                    await asking
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
        self._process = _SPAWN.Process(target=_work_on_request, args=(theirs,), daemon=True)
        self._process.start()
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
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process = None


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
