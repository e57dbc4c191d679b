"""The speed of an epoch counts its images and leaves validation out."""

import time
from types import SimpleNamespace

import pytest

from all_tf.training.callbacks.epoch_log import CSVHistory, Speed


def test_speed_is_images_over_the_training_part_of_an_epoch():
    speed, logs = Speed(num_images=50), {"loss": 1.0}
    speed.on_epoch_begin(0)
    time.sleep(0.1)
    speed.on_test_begin()
    time.sleep(0.3)
    speed.on_epoch_end(0, logs)
    assert 50 / 0.2 < logs["images_per_second"] <= 50 / 0.1


def test_history_holds_what_earlier_callbacks_added(tmp_path):
    history = CSVHistory(tmp_path / "history.csv")
    history.set_model(SimpleNamespace(optimizer=SimpleNamespace(learning_rate=0.5)))
    history.on_epoch_begin(0)
    history.on_epoch_end(0, {"loss": 1.0, "images_per_second": 7.5})
    names, row = (tmp_path / "history.csv").read_text().splitlines()
    assert names == "epoch,loss,images_per_second,learning_rate,seconds"
    assert row.startswith("1,1.0,7.5,0.5,")
    assert float(row.split(",")[-1]) == pytest.approx(0, abs=1)
