"""The loss: Keras' own where weights are 1, class weights and soft labels as written."""

import keras
import numpy as np
import pytest

from builders.losses import WeightedBinaryCrossentropy, weighted_binary_crossentropy

RNG = np.random.default_rng(0)
LABELS = RNG.random((16, 1)).astype("float32")
LOGITS = RNG.normal(size=(16, 1)).astype("float32") * 5


def test_equal_weights_give_the_loss_of_keras_on_soft_labels():
    found = weighted_binary_crossentropy(LABELS, LOGITS, class_weights=(1, 1))
    expected = keras.losses.binary_crossentropy(LABELS, LOGITS, from_logits=True)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_mixed_label_costs_each_share_times_its_class_weight():
    def cost(label):
        label = np.full((16, 1), label, "float32")
        return np.asarray(weighted_binary_crossentropy(label, LOGITS, class_weights=(2.0, 0.5)))

    np.testing.assert_allclose(cost(0.3), 0.3 * cost(1) + 0.7 * cost(0), rtol=1e-5)
    plain = weighted_binary_crossentropy(np.ones((16, 1)), LOGITS, class_weights=(1, 1))
    np.testing.assert_allclose(cost(1), 0.5 * np.asarray(plain), rtol=1e-6)


def test_extreme_logits_stay_finite():
    logits = np.array([[-1e4], [1e4]], "float32")
    found = np.asarray(
        weighted_binary_crossentropy(np.array([[1.0], [1.0]]), logits, class_weights=(1, 1))
    )
    np.testing.assert_allclose(found, [1e4, 0])


def test_masked_rows_neither_count_nor_dilute():
    loss = WeightedBinaryCrossentropy((2.0, 0.5))
    mask = np.array([1] * 5 + [0] * 11, "float32")
    assert float(loss(LABELS, LOGITS, sample_weight=mask)) == pytest.approx(
        float(loss(LABELS[:5], LOGITS[:5])), rel=1e-6
    )
