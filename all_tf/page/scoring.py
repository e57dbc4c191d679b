"""The thread that runs the networks, and the bounded queue of its work."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, NamedTuple, TypeVar

import numpy as np

from all_tf.data.image_files import NewCells, join_new_cells
from all_tf.evaluation.answers import AnsweredCell
from all_tf.evaluation.predict_images import Predictor
from all_tf.page.limits import PageLimits, busy

_Result = TypeVar("_Result")
_MOST_TOGETHER = 32  # Images that are scored in one go.


class _Work(NamedTuple):
    """Images to answer for, or a function to call."""

    images: NewCells | None
    call: Callable[[], Any] | None
    future: Future


class ScoringThread:
    """Works off what requests ask for, in their order; images that wait are scored together.

    Args:
        predictor: Answers.
        limits: The length of the queue, and the time that a request waits.
    """

    def __init__(self, predictor: Predictor, limits: PageLimits):
        self._predictor, self._limits = predictor, limits
        self._waiting: deque[_Work] = deque()
        self._changed = threading.Condition()
        self._ending = False
        self._thread = threading.Thread(target=self._work, name="scoring", daemon=True)

    @property
    def num_waiting(self) -> int:
        """Pieces of work that wait."""
        return len(self._waiting)

    @property
    def works(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def end(self) -> None:
        """Drop what waits and end after the work at hand."""
        with self._changed:
            self._ending = True
            while self._waiting:
                self._waiting.popleft().future.cancel()
            self._changed.notify()

    async def answer(self, images: NewCells) -> list[AnsweredCell]:
        """Answer for images, in parts, between which others have their turn.

        Raises:
            RefusalError: Too much work waits, or the answer takes too long.
            RunError: As `Predictor.answer`.
        """
        answered: list[AnsweredCell] = []
        for start in range(0, len(images.cells), _MOST_TOGETHER):
            which = np.arange(start, min(start + _MOST_TOGETHER, len(images.cells)))
            answered += await self._queued(images.take(which), None)
        return answered

    async def call(self, function: Callable[[], _Result]) -> _Result:
        """What a function returns, called in the thread of the networks.

        Raises:
            RefusalError: As `answer`.
        """
        return await self._queued(None, function)

    async def _queued(self, images: NewCells | None, function: Callable | None) -> Any:
        future: Future = Future()
        with self._changed:
            if self._ending or len(self._waiting) >= self._limits.most_waiting:
                raise busy("too much work waits")
            self._waiting.append(_Work(images, function, future))
            self._changed.notify()
        try:
            async with asyncio.timeout(self._limits.seconds_to_score):
                return await asyncio.wrap_future(future)
        except TimeoutError as error:
            raise busy("the networks did not answer in time") from error

    def _work(self) -> None:
        while works := self._next():
            works = [work for work in works if work.future.set_running_or_notify_cancel()]
            if works and not self._do(works):
                for work in works:  # Each alone, so that one does not fail the others.
                    self._do([work], last=True)

    def _next(self) -> list[_Work]:
        """The next piece of work, with images that wait behind its own; nothing at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._ending)
            if self._ending:
                return []
            works = [self._waiting.popleft()]
            number = _num_images(works[0])
            while number and self._waiting and (more := _num_images(self._waiting[0])):
                if number + more > _MOST_TOGETHER:
                    break
                works.append(self._waiting.popleft())
                number += more
            return works

    def _do(self, works: list[_Work], *, last: bool = False) -> bool:
        """Work, and hand the results over; return whether nothing is left to do."""
        try:
            results = self._results(works)
        except Exception as error:
            if len(works) > 1 and not last:
                return False
            works[0].future.set_exception(error)
            return True
        for work, result in zip(works, results, strict=True):
            work.future.set_result(result)
        return True

    def _results(self, works: list[_Work]) -> list[Any]:
        if (call := works[0].call) is not None:
            return [call()]
        images = [work.images for work in works if work.images is not None]
        answered = iter(self._predictor.answer(join_new_cells(images)))
        return [[next(answered) for _ in each.cells.names] for each in images]


def _num_images(work: _Work) -> int:
    return 0 if work.images is None else len(work.images.cells)
