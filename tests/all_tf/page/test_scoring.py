"""One thread scores: what waits is joined, a failure stays alone, a full line is refused."""

import asyncio
import threading
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from all_tf.data.image_files import measure_new_cells
from all_tf.page.limits import PageLimits, RefusalError
from all_tf.page.scoring import ScoringThread
from tests.conftest import noise

LIMITS = PageLimits(most_waiting=3, seconds_to_score=20)


def images(*names: str):
    return measure_new_cells(((name, Image.fromarray(noise(1))) for name in names), None)


class Names:
    """Answers with the names of images, and fails where one is called bad."""

    def __init__(self):
        self.sizes: list[int] = []

    def answer(self, new):
        self.sizes.append(len(new.cells))
        if "bad" in new.cells.names:
            raise ValueError("a bad image")
        return [SimpleNamespace(name=str(name)) for name in new.cells.names]


def scored(work):
    """What a coroutine with a scoring thread returns, and the sizes that were scored."""
    names = Names()
    thread = ScoringThread(names, LIMITS)
    thread.start()

    async def run():
        return await work(thread)

    try:
        return asyncio.run(run()), names.sizes
    finally:
        thread.end()


async def held(thread, works):
    """Let works wait behind one, then all go on; their results or errors."""
    gate = threading.Event()
    first = asyncio.create_task(thread.call(gate.wait))
    await asyncio.sleep(0.1)
    tasks = [asyncio.create_task(work) for work in works]
    await asyncio.sleep(0.1)
    gate.set()
    await first
    return await asyncio.gather(*tasks, return_exceptions=True)


def test_images_that_wait_are_scored_together_and_one_that_fails_fails_alone():
    def work(thread):
        return held(thread, [thread.answer(images(*each)) for each in (["a", "b"], ["bad"], ["c"])])

    (ab, bad, c), sizes = scored(work)
    assert [[each.name for each in part] for part in (ab, c)] == [["a", "b"], ["c"]]
    assert isinstance(bad, ValueError) and sizes == [4, 2, 1, 1]


def test_full_line_is_refused_at_once():
    async def work(thread):
        return await held(thread, [thread.answer(images(name)) for name in "abcd"])

    results, _ = scored(work)
    refused = [each for each in results if isinstance(each, RefusalError)]
    assert len(refused) == 1 and refused[0].status == 503


def test_large_request_lets_others_between_its_parts():
    async def work(thread):
        many = images(*map(str, range(70)))
        return await thread.answer(many)

    answered, sizes = scored(work)
    assert [each.name for each in answered] == [str(n) for n in range(70)]
    assert sizes == [32, 32, 6]


def test_nothing_waits_for_a_thread_that_has_ended():
    thread = ScoringThread(Names(), LIMITS)
    thread.start()
    thread.end()
    with pytest.raises(RefusalError):
        asyncio.run(thread.answer(images("a")))
    assert np.sum(thread.num_waiting) == 0
