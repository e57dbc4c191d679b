"""Averaged weights: those of a slow loop, and a swap that undoes itself."""

import keras
import numpy as np
import tensorflow as tf

from builders.classifier import build_classifier
from builders.losses import WeightedBinaryCrossentropy
from builders.registry import build_model
from builders.weight_ema import WeightAverages

RNG = np.random.default_rng(0)


def test_averages_of_a_training_equal_those_of_a_slow_loop():
    keras.utils.set_random_seed(0)
    classifier = build_classifier(
        build_model("base_cnn", image_size=32, weights="none"),
        loss=WeightedBinaryCrossentropy(),
        optimizer=keras.optimizers.SGD(0.5),
        ema=0.3,
    )

    def weights():
        return [keras.ops.convert_to_numpy(v) for v in classifier.trainable_variables]

    expected = weights()
    images = RNG.uniform(0, 255, (20, 32, 32, 3)).astype("float32")
    batches = tf.data.Dataset.from_tensor_slices((images, np.arange(20) % 2, np.ones(20)))
    for step, batch in enumerate(batches.batch(4), start=1):
        classifier.train_step((batch[0], batch[1][:, None], batch[2]))
        decay = min(0.3, (1 + step) / (10 + step))
        expected = [
            decay * old + (1 - decay) * new for old, new in zip(expected, weights(), strict=True)
        ]
    last = weights()
    classifier.averages.swap()
    for found, value in zip(weights(), expected, strict=True):
        np.testing.assert_allclose(found, value, rtol=1e-4, atol=1e-6)
    assert not np.allclose(weights()[-1], last[-1])
    classifier.averages.swap()
    for found, value in zip(weights(), last, strict=True):
        np.testing.assert_array_equal(found, value)


def test_averages_follow_closely_at_first_and_slowly_later():
    weight = keras.Variable(0.0)
    averages = WeightAverages([weight], decay=0.9)
    weight.assign(1.0)
    averages.update(1)
    averages.swap()
    assert np.isclose(float(weight), 1 - 2 / 11)
    averages.swap()
    weight.assign(11.0)
    averages.update(10**6)
    averages.swap()
    assert np.isclose(float(weight), 0.9 * (1 - 2 / 11) + 0.1 * 11)


def test_weights_that_do_not_move_keep_their_value_bit_for_bit():
    weight = keras.Variable(RNG.normal(size=1000).astype("float32"))
    before = keras.ops.convert_to_numpy(weight).copy()
    averages = WeightAverages([weight], decay=0.999)
    for step in range(1, 50):
        averages.update(step)
    averages.swap()
    np.testing.assert_array_equal(weight, before)
