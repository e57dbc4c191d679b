"""Curves within an epoch begin at the first step, stay few, and are means of what they span."""

from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from all_tf.training.callbacks import step_charts
from all_tf.training.callbacks.step_charts import StepCharts, StepMeter
from all_tf.training.event_files import EventWriters


def test_points_are_means_of_the_images_since_the_point_before():
    losses = np.random.default_rng(0).uniform(size=95)  # Of the images; the last batch has 5.
    meter, done, points = StepMeter(num_images=95, steps=10, batch_size=10), 0, []
    meter.begin(now=0.0)
    for step in range(1, 11):
        seen = min(10 * step, 95)
        point = meter.point(step, losses[:seen].mean(), now=float(step))
        if point is not None:
            assert point.loss == pytest.approx(losses[done:seen].mean())
            points.append((step, point.images_per_second))
            done = seen
    assert points == [(1, None), (3, 10), (5, 10), (7, 10), (9, 10), (10, 5)]
    assert meter.images_left == 0


def test_long_epoch_has_a_bounded_number_of_points():
    meter = StepMeter(num_images=10_000, steps=10_000, batch_size=1)
    meter.begin(now=0.0)
    points = [meter.point(step, 1.0, now=60.0 * step) for step in range(1, 10_001)]
    assert 100 <= len([point for point in points if point]) <= 102


@pytest.mark.parametrize(("limit", "minutes"), [(None, 50 / 2 / 60), (6.0, 0.1), (600.0, 25 / 60)])
def test_first_step_is_there_before_the_epoch_ends(limit, minutes, tmp_path, monkeypatch):
    clock = iter([0.0, 10.0, 15.0])
    monkeypatch.setattr(step_charts.time, "perf_counter", lambda: next(clock))
    meter = StepMeter(num_images=30, steps=3, batch_size=10)
    charts = StepCharts(
        EventWriters(tmp_path),
        meter,
        num_images=(30, 15),
        limit=limit and SimpleNamespace(seconds_left=lambda: limit),
    )
    charts.set_model(SimpleNamespace(optimizer=SimpleNamespace(learning_rate=0.5)))
    charts.set_params({"epochs": 2, "steps": 3})
    charts.on_epoch_begin(0)
    charts.on_train_batch_end(0, {"loss": 2.0})
    events = EventAccumulator(str(tmp_path / "train")).Reload()
    assert set(events.Tags()["tensors"]) == {"steps/loss", "steps/learning_rate"}
    charts.on_train_batch_end(1, {"loss": 1.5})
    events.Reload()
    values = {
        tag: [(e.step, float(tf.make_ndarray(e.tensor_proto))) for e in events.Tensors(tag)]
        for tag in events.Tags()["tensors"]
    }
    assert values["steps/loss"] == [(1, 2.0), (2, 1.0)]
    assert values["steps/images_per_second"] == [(2, 2.0)]
    # 10 images of this epoch, 30 of the next, and 15 validated twice at a third of the time.
    assert values["steps/minutes_left"] == [(2, pytest.approx(minutes))]


def test_failure_is_one_warning(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(step_charts, "learning_rate", lambda model: 1 / 0)
    meter = StepMeter(num_images=3, steps=3, batch_size=1)
    charts = StepCharts(EventWriters(tmp_path), meter, num_images=(3, 1))
    charts.set_params({"epochs": 1, "steps": 3})
    charts.on_epoch_begin(0)
    for step in range(3):
        charts.on_train_batch_end(step, {"loss": 1.0})
    assert capsys.readouterr().err.count("warning: TensorBoard's curve of the steps") == 1
