"""What a training says on the screen of the time it will take."""

from types import SimpleNamespace

import pytest

from all_tf.system.progress import describe_duration
from all_tf.training.callbacks.progress_bar import ProgressBar

LOGS = {"loss": 0.5, "f1": 0.6, "kappa": 0.1, "val_loss": 0.4, "val_f1": 0.7, "val_kappa": 0.2}


@pytest.mark.parametrize(
    ("seconds", "text"), [(42, "42 s"), (100, "2 min"), (3600, "60 min"), (9000, "2.5 h")]
)
def test_durations_read_as_people_say_them(seconds, text):
    assert describe_duration(seconds) == text


def shown(capsys, *, epochs: int, steps: int, steps_a_call: int = 1, **settings) -> str:
    line = ProgressBar(
        SimpleNamespace(best_epoch=2),
        validation_steps=2,
        **settings,
    )
    line.set_params({"epochs": epochs, "steps": steps})
    for epoch in range(epochs):
        line.on_epoch_begin(epoch)
        for batch in range(steps_a_call - 1, steps, steps_a_call):
            line.on_train_batch_end(batch, LOGS)
        assert line._bar.n == steps
        line.on_epoch_end(epoch, LOGS)
    captured = capsys.readouterr()
    return captured.out + captured.err


def test_one_estimate_is_for_the_whole(capsys):
    text = shown(capsys, epochs=4, steps=3)
    assert text.count("s a step: about") == 1 and "for 4 epochs" in text
    assert "epoch 1/4  loss 0.500  f1 0.600  kappa 0.100  |  val_loss 0.400" in text


@pytest.mark.parametrize(("left", "says"), [(0.0, True), (3600.0, False)])
def test_limit_of_time_is_said_where_it_comes_first(left, says, capsys):
    limit = SimpleNamespace(seconds_left=lambda: left)
    text = shown(capsys, epochs=4, steps=3, limit=limit)
    assert ("for 4 epochs; --max-minutes ends them in 0 s" in text) is says


def test_frozen_epochs_have_an_estimate_of_their_own(capsys):
    text = shown(capsys, epochs=5, steps=3, freeze_epochs=2)
    assert text.count("s a step: about") == 2
    assert "for 2 epochs" in text and "for 3 epochs" in text


def test_epochs_of_one_step_give_no_estimate(capsys):
    assert "s a step" not in shown(capsys, epochs=3, steps=1)


def test_steps_that_run_in_one_call_are_counted_one_by_one(capsys, monkeypatch):
    clock = iter(range(0, 1000, 3))  # Seconds between two calls of 3 steps.
    monkeypatch.setattr(
        "all_tf.training.callbacks.progress_bar.time.perf_counter", lambda: next(clock)
    )
    text = shown(capsys, epochs=4, steps=12, steps_a_call=3)
    assert text.count("1.00 s a step: about") == 1 and "for 4 epochs" in text


def test_best_epoch_is_marked(capsys):
    lines = [row for row in shown(capsys, epochs=3, steps=1).splitlines() if "val_loss" in row]
    assert [row.endswith("best") for row in lines] == [False, True, False]


def test_first_step_of_each_phase_is_said_to_build_the_graph(capsys):
    said = shown(capsys, epochs=5, steps=3, freeze_epochs=2, build_seconds=61)
    assert said.count("building the graph, about 61 s") == 2
    assert "building" not in shown(capsys, epochs=2, steps=3, build_seconds=0.4)
