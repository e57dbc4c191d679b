"""A picture that hangs or ends the process that reads it costs its own request alone."""

import asyncio
import os
import time
from functools import partial

import pytest

from all_tf.page.limits import RefusalError
from all_tf.page.readers import Readers


def test_process_that_hangs_or_ends_is_replaced_and_the_other_goes_on():
    async def all_at_once(readers):
        started = await readers.run(partial(int, "1"), seconds=30)
        works = [
            readers.run(partial(time.sleep, 60), seconds=1),
            readers.run(partial(os._exit, 3), seconds=30),
            readers.run(partial(int, "7"), seconds=30),
            readers.run(partial(int, "none"), seconds=30),
        ]
        return [started, *await asyncio.gather(*works, return_exceptions=True)]

    readers = Readers(2)
    try:
        started, hung, ended, fine, failed = asyncio.run(all_at_once(readers))
        assert asyncio.run(all_at_once_again(readers)) == 5
    finally:
        readers.end()
    assert (started, fine) == (1, 7)
    assert all(isinstance(each, RefusalError) for each in (hung, ended, failed))
    assert "within 1 s" in str(hung) and "has ended" in str(ended)
    assert str(failed) == "The pictures could not be read: ValueError."  # And no content of it.


async def all_at_once_again(readers):
    return await readers.run(partial(int, "5"), seconds=30)


@pytest.mark.parametrize("pause", [0, 0.2], ids=("before it starts", "at work"))
def test_process_is_killed_where_the_sender_has_gone(pause):
    async def leave(readers):
        task = asyncio.create_task(readers.run(partial(time.sleep, 60), seconds=90))
        await asyncio.sleep(pause)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await readers.run(partial(int, "3"), seconds=30)

    readers = Readers(1)
    try:
        began = time.monotonic()
        assert asyncio.run(leave(readers)) == 3
        assert time.monotonic() - began < 30
    finally:
        readers.end()
