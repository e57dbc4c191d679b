"""EfficientNet (Tan and Le, 2019, arXiv:1905.11946); its preprocessing lies inside."""

import keras
import numpy as np
from keras import KerasTensor

from builders.weights import IMAGENET_MEAN, IMAGENET_STD, copy_imagenet


def efficientnetb0(pixels: KerasTensor) -> KerasTensor:
    """Feature map of EfficientNetB0.

    Args:
        pixels: `(batch, side, side, 3)` in [0, 255]; a side of at least 32.

    Returns:
        `(batch, side / 32, side / 32, 1280)`.
    """
    backbone = keras.applications.EfficientNetB0(
        include_top=False, weights=None, input_tensor=pixels
    )
    _set_normalization(backbone, variance=np.square(IMAGENET_STD))
    return backbone.output


def load_efficientnetb0(backbone: keras.Model) -> None:
    """Put the ImageNet weights that Keras publishes into an EfficientNetB0 backbone.

    The published file holds the standard deviation where the variance belongs, and Keras makes up
    for it by one more layer, present only where `weights="imagenet"` was asked for: the same
    weights in a model built without would mean another function (tensorflow issues 49930, 62193).
    Here the variance is put right instead, and every model has one and the same graph.
    """
    copy_imagenet(backbone, keras.applications.EfficientNetB0)
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
