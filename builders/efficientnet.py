"""EfficientNet (Tan and Le, 2019, arXiv:1905.11946); its preprocessing is part of the network."""

import keras
import numpy as np
from keras import KerasTensor

from builders.keras_applications import application_features, load_application
from builders.preprocessing import IMAGENET_MEAN, IMAGENET_STD


def efficientnet_features(name: str, pixels: KerasTensor) -> KerasTensor:
    """Feature map of an EfficientNet of keras.applications.

    Args:
        name: "EfficientNetB0" to "EfficientNetB7".
        pixels: `(batch, side, side, 3)` in [0, 255]; a side of at least 32.

    Returns:
        `(batch, side / 32, side / 32, channels)`, sides rounded up.
    """
    features = application_features(name, "inside", pixels)
    _set_normalization(keras.Model(pixels, features), variance=np.square(IMAGENET_STD))
    return features


def load_efficientnet(name: str, backbone: keras.Model) -> None:
    """Put the ImageNet weights that Keras publishes into a backbone of the same name.

    The published files hold the standard deviation where the variance belongs. Keras compensates
    by one more layer, which exists only where `weights="imagenet"` was asked for: the same weights
    in a model built without would mean another function (tensorflow issues 49930, 62193). Here the
    variance is corrected instead, and every model has the same graph.
    """
    load_application(name, backbone)
    published = np.ravel(_normalization(backbone).adapt_variance)
    _set_normalization(backbone, variance=published * IMAGENET_STD)


def _normalization(backbone: keras.Model) -> keras.layers.Normalization:
    (layer,) = (x for x in backbone.layers if isinstance(x, keras.layers.Normalization))
    return layer


def _set_normalization(backbone: keras.Model, *, variance: np.ndarray) -> None:
    layer = _normalization(backbone)
    layer.adapt_mean.assign(IMAGENET_MEAN)
    layer.adapt_variance.assign(variance)
    layer.finalize_state()
