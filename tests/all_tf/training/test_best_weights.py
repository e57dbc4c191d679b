"""The best epoch, a figure that is not a number, and the end of patience."""

import math

import keras
import pytest

from all_tf.training.callbacks.best_weights import BestWeights
from all_tf.training.callbacks.early_stopping import EarlyStopping


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


def test_equal_weights_make_equal_files(best, tmp_path):
    path = tmp_path / "best.weights.h5"
    best.on_epoch_end(0, {"val_kappa": 0.1})
    first = path.read_bytes()
    best.on_epoch_end(1, {"val_kappa": 0.2})
    assert path.read_bytes() == first


@pytest.mark.parametrize(
    ("kappas", "freeze_epochs", "last"),
    [
        ([0.1, 0.2, 0.2, 0.1, 0.3], 0, 4),
        ([0.1, 0.0, 0.2, 0.1, 0.3], 0, 5),  # The last epoch ends by itself.
        ([0.1, math.nan, math.nan, 0.3, 0.3], 0, 3),
        ([math.nan] * 5, 0, 2),
        ([0.3, 0.1, 0.1, 0.1, 0.1], 2, 4),  # Frozen epochs wait for nothing.
    ],
)
def test_training_stops_after_two_epochs_without_a_better_one(best, kappas, freeze_epochs, last):
    stop = EarlyStopping(best, patience=2, freeze_epochs=freeze_epochs)
    stop.set_model(best.model)
    stop.set_params({"epochs": 5})
    best.model.stop_training = False
    for epoch, kappa in enumerate(kappas):
        best.on_epoch_end(epoch, {"val_kappa": kappa})
        stop.on_epoch_end(epoch, {"val_kappa": kappa})
        if best.model.stop_training:
            break
    assert epoch + 1 == last


def test_stopping_says_so(best, capsys):
    stop = EarlyStopping(best, patience=3)
    stop.set_model(best.model)
    stop.set_params({"epochs": 9})
    for epoch in range(4):
        best.on_epoch_end(epoch, {"val_kappa": 0.5})
        stop.on_epoch_end(epoch)
    assert capsys.readouterr().out == "stopped after epoch 4: no better one in 3\n"
