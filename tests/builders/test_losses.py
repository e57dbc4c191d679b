"""The losses: Keras' own where weights are 1, and as written with weights, smoothing and masks."""

import keras
import numpy as np
import pytest

from all_tf.config import choices
from builders.losses import (
    LOSSES,
    FocalLoss,
    WeightedBinaryCrossentropy,
    focal_loss,
    weighted_binary_crossentropy,
)

RNG = np.random.default_rng(0)
LABELS = RNG.random((16, 1)).astype("float32")
LOGITS = RNG.normal(size=(16, 1)).astype("float32") * 5
LOSS_FUNCTIONS = pytest.mark.parametrize("function", [weighted_binary_crossentropy, focal_loss])


def test_losses_are_the_command_lines():
    assert tuple(LOSSES) == choices.LOSS_NAMES


def test_equal_weights_give_the_loss_of_keras_on_soft_labels():
    found = weighted_binary_crossentropy(LABELS, LOGITS, class_weights=(1, 1))
    expected = keras.losses.binary_crossentropy(LABELS, LOGITS, from_logits=True)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("gamma", [0.5, 2.0])
def test_focal_loss_equals_that_of_keras_on_whole_labels(gamma):
    labels = np.round(LABELS)
    found = focal_loss(labels, LOGITS, class_weights=(1, 1), gamma=gamma)
    expected = keras.losses.binary_focal_crossentropy(labels, LOGITS, gamma=gamma, from_logits=True)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-7)


def test_focal_loss_fades_where_an_image_is_easy():
    labels, logits = np.ones((2, 1)), np.array([[4.0], [-4.0]], "float32")
    easy, hard = np.asarray(focal_loss(labels, logits, class_weights=(1, 1))) / np.asarray(
        weighted_binary_crossentropy(labels, logits, class_weights=(1, 1))
    )
    score = 1 / (1 + np.exp(-4))
    assert (easy, hard) == pytest.approx(((1 - score) ** 2, score**2), rel=1e-4)


@LOSS_FUNCTIONS
def test_mixed_label_costs_each_share_times_its_class_weight(function):
    def cost(label, class_weights=(2.0, 0.5)):
        label = np.full((16, 1), label, "float32")
        return np.asarray(function(label, LOGITS, class_weights=class_weights))

    np.testing.assert_allclose(cost(0.3), 0.3 * cost(1) + 0.7 * cost(0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(cost(1), 0.5 * cost(1, (1, 1)), rtol=1e-6)
    np.testing.assert_allclose(cost(0), 2.0 * cost(0, (1, 1)), rtol=1e-6)


@LOSS_FUNCTIONS
def test_extreme_logits_stay_finite(function):
    logits = np.array([[-1e4], [1e4]], "float32")
    for label, expected in ((1.0, [1e4, 0]), (0.0, [0, 1e4])):
        labels = np.full((2, 1), label)
        np.testing.assert_allclose(function(labels, logits, class_weights=(1, 1)), expected)


@pytest.mark.parametrize("loss", [WeightedBinaryCrossentropy, FocalLoss])
def test_masked_rows_neither_count_nor_dilute(loss):
    loss = loss((2.0, 0.5), label_smoothing=0.1)
    mask = np.array([1] * 5 + [0] * 11, "float32")
    assert float(loss(LABELS, LOGITS, sample_weight=mask)) == pytest.approx(
        float(loss(LABELS[:5], LOGITS[:5])), rel=1e-6
    )


@pytest.mark.parametrize("loss", [WeightedBinaryCrossentropy, FocalLoss])
def test_smoothing_moves_labels_towards_one_half(loss):
    smoothed = loss((2.0, 0.5), label_smoothing=0.2).call(np.array([[0.0], [1.0]]), LOGITS[:2])
    by_hand = loss((2.0, 0.5)).call(np.array([[0.1], [0.9]]), LOGITS[:2])
    np.testing.assert_allclose(smoothed, by_hand, rtol=1e-6)


def test_loss_is_rebuilt_from_its_config():
    loss = FocalLoss((2.0, 0.5), label_smoothing=0.1)
    again = FocalLoss.from_config(loss.get_config())
    np.testing.assert_array_equal(again.call(LABELS, LOGITS), loss.call(LABELS, LOGITS))


@pytest.mark.parametrize("weights", [(1.0, 0.0), (-1.0, 1.0), (float("nan"), 1.0), (1.0,)])
def test_class_without_a_weight_is_refused(weights):
    with pytest.raises(ValueError, match="a positive weight for each of the two classes"):
        WeightedBinaryCrossentropy(weights)
