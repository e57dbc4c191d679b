"""A signal ends what runs even where a library has swallowed what its handler raised."""

import signal

import pytest

from all_tf import interrupts


@pytest.fixture(autouse=True)
def handlers(monkeypatch):
    monkeypatch.setattr(interrupts, "_came", [])
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_nothing_is_raised_where_nothing_came():
    interrupts.end_at_signals()
    interrupts.raise_if_told()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_was_swallowed_is_raised_again(number):
    interrupts.end_at_signals()
    with pytest.raises(KeyboardInterrupt) as first:
        signal.raise_signal(number)
    signal.raise_signal(signal.SIGTERM)  # Ignored by now.
    with pytest.raises(KeyboardInterrupt) as second:
        interrupts.raise_if_told()
    assert first.value.args == second.value.args == (number,)
