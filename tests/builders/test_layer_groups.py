"""Backbone and head are told apart, and depth is counted in halvings of resolution."""

import keras
import pytest
from keras import layers

from builders.layer_groups import backbone_layers, layer_rates
from builders.registry import build_model


@pytest.fixture(scope="module")
def model():
    """32 -> 16 -> 8 pixels, squeeze-and-excitation at 16."""
    pixels = keras.Input((32, 32, 3))
    maps = layers.Conv2D(2, 3, padding="same", name="full")(pixels)
    maps = layers.Conv2D(2, 3, strides=2, padding="same", name="half")(maps)
    squeezed = layers.GlobalAveragePooling2D(keepdims=True)(maps)
    maps = layers.Multiply()([maps, layers.Conv2D(2, 1, name="excite")(squeezed)])
    maps = layers.BatchNormalization(name="half_bn")(maps)
    maps = layers.MaxPooling2D()(layers.Conv2D(2, 3, padding="same", name="still_half")(maps))
    maps = layers.Conv2D(2, 3, padding="same", name="quarter")(maps)
    pooled = layers.GlobalAveragePooling2D(name="pooled")(maps)
    return keras.Model(pixels, layers.Dense(1, name="logit")(layers.Dropout(0.5)(pooled)))


def test_rate_falls_with_every_halving_above_the_feature_map(model):
    rates = layer_rates(model, decay=0.5)
    assert set(rates) == {variable.path for variable in model.trainable_variables}
    assert {path: rate for path, rate in rates.items() if path.endswith("kernel")} == {
        "full/kernel": 1 / 8,
        "half/kernel": 1 / 4,
        "excite/kernel": 1 / 4,
        "still_half/kernel": 1 / 4,
        "quarter/kernel": 1 / 2,
        "logit/kernel": 1.0,
    }
    assert rates["half_bn/gamma"] == 1 / 4 and rates["logit/bias"] == 1.0


def test_decay_of_1_leaves_all_rates_alike(model):
    assert set(layer_rates(model, decay=1.0).values()) == {1.0}


def test_head_is_what_follows_the_feature_map(model):
    backbone = {layer.name for layer in backbone_layers(model)}
    assert {layer.name for layer in model.layers} - backbone == {"pooled", "dropout", "logit"}


def test_real_network_has_a_rate_for_each_of_its_four_resolutions():
    model = build_model("cellnet", image_size=64, weights="none")
    assert sorted(set(layer_rates(model, decay=0.5).values())) == [1 / 16, 1 / 8, 1 / 4, 1 / 2, 1]
