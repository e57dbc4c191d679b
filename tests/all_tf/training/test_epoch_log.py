"""The speed of an epoch counts its images and leaves validation out."""

from types import SimpleNamespace

from all_tf.training.callbacks import epoch_log
from all_tf.training.callbacks.epoch_log import CSVHistory, Speed


def test_speed_is_images_over_the_training_part_of_an_epoch(monkeypatch):
    clock = iter([100.0, 100.5, 107.0])  # Seconds: begin, validation, end.
    monkeypatch.setattr(epoch_log.time, "perf_counter", lambda: next(clock))
    speed, logs = Speed(num_images=50), {"loss": 1.0}
    speed.on_epoch_begin(0)
    speed.on_test_begin()
    speed.on_epoch_end(0, logs)
    assert logs["images_per_second"] == 50 / 0.5


def test_history_holds_what_earlier_callbacks_added(tmp_path, monkeypatch):
    clock = iter([100.0, 102.5])
    monkeypatch.setattr(epoch_log.time, "perf_counter", lambda: next(clock))
    history = CSVHistory(tmp_path / "history.csv")
    history.set_model(SimpleNamespace(optimizer=SimpleNamespace(learning_rate=0.5)))
    history.on_epoch_begin(0)
    history.on_epoch_end(0, {"loss": 1.0, "images_per_second": 7.5})
    names, row = (tmp_path / "history.csv").read_text().splitlines()
    assert names == "epoch,loss,images_per_second,learning_rate,seconds"
    assert row.startswith("1,1.0,7.5,0.5,")
    assert float(row.split(",")[-1]) == 2.5
