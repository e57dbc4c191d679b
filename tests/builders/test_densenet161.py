"""DenseNet161's size and shapes; `make test-parity` holds its numbers against PyTorch's."""

import keras
import numpy as np
import pytest

from builders.architecture_info import CATALOGUE
from builders.densenet161 import densenet161


@pytest.fixture(scope="module")
def model():
    pixels = keras.Input((None, None, 3))
    return keras.Model(pixels, densenet161(pixels))


@pytest.mark.parametrize(("side", "expected"), [(32, 1), (100, 3), (200, 6), (224, 7)])
def test_feature_map_has_the_side_that_pytorch_gives(model, side, expected):
    shape = model.compute_output_shape((None, side, side, 3))
    assert shape == (None, expected, expected, 2208)


def test_number_of_parameters_is_the_published_one(model):
    trainable = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    assert trainable + (2208 + 1) * 1000 == 28_681_000  # With a head of 1,000 classes.


def test_layers_with_weights_are_named_as_keras_names_those_of_densenet121(model):
    pixels = keras.Input((None, None, 3))
    smaller = keras.Model(pixels, CATALOGUE["densenet121"].features(pixels))
    ours, theirs = ({layer.name for layer in m.layers if layer.weights} for m in (model, smaller))
    assert theirs < ours
    assert len(ours - theirs) == 4 * (36 - 24 + 24 - 16)


def test_batch_norm_is_as_the_published_weights_were_trained(model):
    norms = [x for x in model.layers if isinstance(x, keras.layers.BatchNormalization)]
    assert {norm.epsilon for norm in norms} == {1e-5}
