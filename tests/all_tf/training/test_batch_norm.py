"""Statistics of batch norm follow the weights, whatever the momentum."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from all_tf.training.callbacks.batch_norm import RefreshBatchNorm

IMAGES = np.random.default_rng(0).normal(3, 2, (24, 5, 5, 3)).astype("float32")


@pytest.fixture
def model():
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((5, 5, 3)),
            keras.layers.Conv2D(4, 3, name="conv"),
            keras.layers.BatchNormalization(name="norm"),
        ]
    )


def refresh(model):
    batches = tf.data.Dataset.from_tensor_slices((IMAGES, np.zeros(24), np.ones(24))).batch(8)
    callback = RefreshBatchNorm(batches)
    callback.set_model(model)
    callback.on_test_begin()


def test_statistics_are_those_of_all_images_at_once(model):
    refresh(model)
    maps = np.asarray(model.get_layer("conv")(IMAGES))
    norm = model.get_layer("norm")
    np.testing.assert_allclose(norm.moving_mean, maps.mean((0, 1, 2)), rtol=1e-4)
    np.testing.assert_allclose(norm.moving_variance, maps.var((0, 1, 2)), rtol=1e-4)


def test_momentum_is_left_as_it_was(model):
    refresh(model)
    assert model.get_layer("norm").momentum == 0.99


def test_frozen_layer_keeps_its_statistics(model):
    model.get_layer("norm").trainable = False
    refresh(model)
    np.testing.assert_array_equal(model.get_layer("norm").moving_mean, 0)


def test_weights_are_not_touched(model):
    before = [np.asarray(weight) for weight in model.trainable_weights]
    refresh(model)
    for old, new in zip(before, model.trainable_weights, strict=True):
        np.testing.assert_array_equal(old, new)


def test_validation_within_fit_sees_the_refreshed_statistics(model):
    model.compile(keras.optimizers.SGD(0.0), "mse")
    data = tf.data.Dataset.from_tensors((IMAGES, np.zeros((24, 3, 3, 4))))
    callback = RefreshBatchNorm(data.map(lambda images, targets: (images, targets, 1)))
    history = model.fit(data, validation_data=data, verbose=0, shuffle=False, callbacks=[callback])
    # Nothing is learnt at a rate of 0, so that normalised maps have a mean square of 1.
    assert history.history["val_loss"][0] == pytest.approx(1, abs=0.01)
