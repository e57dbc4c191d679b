"""A signal ends what runs even where a library has swallowed what its handler raised."""

import signal

import pytest

from all_tf.system import signals
from all_tf.system.cli import _end_if_interrupted


@pytest.fixture(autouse=True)
def handlers(monkeypatch):
    monkeypatch.setattr(signals, "_received", [])
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_nothing_is_raised_where_nothing_came():
    signals.interrupt_on_signals()
    signals.raise_deferred()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_was_swallowed_is_raised_again(number):
    signals.interrupt_on_signals()
    with pytest.raises(KeyboardInterrupt) as first:
        signal.raise_signal(number)
    signal.raise_signal(signal.SIGTERM)  # Ignored by now.
    with pytest.raises(KeyboardInterrupt) as second:
        signals.raise_deferred()
    assert first.value.args == second.value.args == (number,)


class LateFinalizer:
    """What a library's object does that is cleared up just then."""

    def __del__(self):
        signal.raise_signal(signal.SIGTERM)


def test_signal_in_the_midst_of_a_step_is_noted_and_raised_between_two(capfd):
    signals.interrupt_on_signals()
    steps = []
    with pytest.raises(KeyboardInterrupt) as told, signals.defer_signals():
        for step in range(3):
            LateFinalizer()  # What a handler raises in here is printed and lost.
            steps.append(step)
            signals.raise_deferred()
    assert steps == [0] and told.value.args == (signal.SIGTERM,)
    assert capfd.readouterr().err == ""


def test_signal_that_python_ignores_is_not_printed_and_raised_later(monkeypatch, capfd):
    monkeypatch.setattr("sys.unraisablehook", _end_if_interrupted)
    signals.interrupt_on_signals()
    LateFinalizer()
    assert capfd.readouterr().err == ""
    with pytest.raises(KeyboardInterrupt):
        signals.raise_deferred()


def test_signal_after_the_last_step_is_raised_at_the_end():
    signals.interrupt_on_signals()
    with pytest.raises(KeyboardInterrupt), signals.defer_signals():
        signal.raise_signal(signal.SIGINT)


def test_handlers_are_as_before_where_nothing_came():
    before = signal.getsignal(signal.SIGINT)
    with signals.defer_signals():
        assert signal.getsignal(signal.SIGINT) is before  # Nobody had asked for ours.
    signals.interrupt_on_signals()
    ours = signal.getsignal(signal.SIGINT)
    with signals.defer_signals():
        assert signal.getsignal(signal.SIGINT) is not ours
    assert signal.getsignal(signal.SIGINT) is ours
