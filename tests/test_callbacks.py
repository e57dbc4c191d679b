"""The best epoch, and a figure that is not a number."""

import math

import keras
import pytest

from all_tf.callbacks import BestWeights, _duration


@pytest.fixture
def best(tmp_path):
    callback = BestWeights(tmp_path / "best.weights.h5", monitor="val_kappa")
    pixels = keras.Input((4,))
    callback.set_model(keras.Model(pixels, keras.layers.Dense(1)(pixels)))
    return callback


def test_nan_is_never_best(best, tmp_path):
    best.on_epoch_end(0, {"val_kappa": math.nan})
    assert best.best_epoch is None and list(tmp_path.iterdir()) == []
    best.on_epoch_end(1, {"val_kappa": -0.2})
    best.on_epoch_end(2, {"val_kappa": math.nan})
    assert (best.best_epoch, best.best) == (2, -0.2)


def test_first_of_equals_is_best(best):
    for epoch, kappa in enumerate([0.1, 0.4, 0.4, 0.3]):
        best.on_epoch_end(epoch, {"val_kappa": kappa})
    assert best.best_epoch == 2


def test_best_file_appears_under_its_name_only(best, tmp_path):
    best.on_epoch_end(0, {"val_kappa": 0.1})
    assert [path.name for path in tmp_path.iterdir()] == ["best.weights.h5"]


@pytest.mark.parametrize(
    ("seconds", "text"), [(42, "42 s"), (100, "2 min"), (3600, "60 min"), (9000, "2.5 h")]
)
def test_durations_read_as_people_say_them(seconds, text):
    assert _duration(seconds) == text
