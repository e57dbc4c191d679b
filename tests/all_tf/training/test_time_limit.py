"""The end of a training by time: where it stops, what counts, and what its history says."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from all_tf.config.experiment import Experiment
from all_tf.runs.history_file import ended_by_time, epochs_trained
from all_tf.system.checks import ConfigError
from all_tf.training.callbacks import time_limit
from all_tf.training.callbacks.time_limit import TimeLimit

STEPS, EPOCHS = 4, 3


@pytest.fixture
def fitted(monkeypatch):
    """Fit with ten seconds a step: `fitted(minutes, spent=0)` gives the shares of the epochs."""
    clock = [0.0]
    monkeypatch.setattr(time_limit.time, "perf_counter", lambda: clock[0])

    def fit(minutes: float, *, spent: float = 0) -> list[float]:
        def tick(batch, logs):
            clock[0] += 10

        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse", jit_compile=False)
        history = SimpleNamespace(rows=[{"seconds": spent}] if spent else [])
        limit = TimeLimit(history, minutes=minutes)
        ticking = keras.callbacks.LambdaCallback(on_train_batch_end=tick)
        seen = model.fit(
            np.zeros((STEPS, 1)),
            np.zeros((STEPS, 1)),
            batch_size=1,
            epochs=EPOCHS,
            verbose=0,
            callbacks=[ticking, limit],
        )
        return seen.history["epoch_share"]

    return fit


def test_training_ends_in_the_step_in_which_its_time_is_over(fitted, capsys):
    assert fitted(1) == [1, 0.5]  # Six steps of ten seconds.
    assert capsys.readouterr().out == "stopped by --max-minutes 1 after 50 % of epoch 2/3\n"


def test_training_within_its_time_trains_all_epochs_and_says_nothing(fitted, capsys):
    assert fitted(2) == [1, 1, 1] and capsys.readouterr().out == ""


def test_epochs_before_an_interruption_count(fitted):
    assert fitted(1, spent=30) == [0.75]


def test_history_says_how_many_epochs_were_trained_and_whether_time_ended_them():
    bounded = Experiment("base_cnn", epochs=3, max_minutes=1)
    rows = [{"epoch": 1, "epoch_share": 1.0}, {"epoch": 2, "epoch_share": 0.25}]
    assert epochs_trained(rows) == 1.25 and ended_by_time(rows, bounded)
    nearly = [{"epoch": 1}, {"epoch": 2}, {"epoch": 3, "epoch_share": 0.9999}]
    assert epochs_trained(nearly) == 2.99 and ended_by_time(nearly, bounded)
    whole = [{"epoch": n, "epoch_share": 1.0} for n in (1, 2, 3)]
    assert epochs_trained(whole) == 3
    assert not ended_by_time(whole, bounded)
    assert not ended_by_time([{"epoch": 1}], Experiment("base_cnn", epochs=3))


def test_time_of_nothing_is_refused():
    with pytest.raises(ConfigError, match="max_minutes"):
        Experiment("base_cnn", max_minutes=0.0)
