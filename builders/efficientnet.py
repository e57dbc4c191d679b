"""EfficientNet (Tan and Le, 2019, arXiv:1905.11946); its preprocessing lies inside.

Each function takes pixels `(batch, side, side, 3)` in [0, 255], with a side of at least 32.
"""

from collections.abc import Callable
from functools import partial

import keras
import numpy as np
from keras import KerasTensor

from builders.weights import IMAGENET_MEAN, IMAGENET_STD, copy_imagenet


def efficientnetb0(pixels: KerasTensor) -> KerasTensor:
    """Feature map of EfficientNetB0: `(batch, side / 32, side / 32, 1280)`, sides rounded up."""
    return _features(keras.applications.EfficientNetB0, pixels)


def efficientnetb3(pixels: KerasTensor) -> KerasTensor:
    """Feature map of EfficientNetB3: `(batch, side / 32, side / 32, 1536)`, sides rounded up."""
    return _features(keras.applications.EfficientNetB3, pixels)


def efficientnetb4(pixels: KerasTensor) -> KerasTensor:
    """Feature map of EfficientNetB4: `(batch, side / 32, side / 32, 1792)`, sides rounded up."""
    return _features(keras.applications.EfficientNetB4, pixels)


def efficientnetb5(pixels: KerasTensor) -> KerasTensor:
    """Feature map of EfficientNetB5: `(batch, side / 32, side / 32, 2048)`, sides rounded up."""
    return _features(keras.applications.EfficientNetB5, pixels)


def efficientnetb7(pixels: KerasTensor) -> KerasTensor:
    """Feature map of EfficientNetB7: `(batch, side / 32, side / 32, 2560)`, sides rounded up."""
    return _features(keras.applications.EfficientNetB7, pixels)


def load_efficientnet(application: Callable[..., keras.Model], backbone: keras.Model) -> None:
    """Put the ImageNet weights that Keras publishes into a backbone of the same application.

    The published files hold the standard deviation where the variance belongs, and Keras makes up
    for it by one more layer, present only where `weights="imagenet"` was asked for: the same
    weights in a model built without would mean another function (tensorflow issues 49930, 62193).
    Here the variance is put right instead, and every model has one and the same graph.
    """
    copy_imagenet(backbone, application)
    published = np.ravel(_normalization(backbone).adapt_variance)
    _set_normalization(backbone, variance=published * IMAGENET_STD)


load_efficientnetb0 = partial(load_efficientnet, keras.applications.EfficientNetB0)
load_efficientnetb3 = partial(load_efficientnet, keras.applications.EfficientNetB3)
load_efficientnetb4 = partial(load_efficientnet, keras.applications.EfficientNetB4)
load_efficientnetb5 = partial(load_efficientnet, keras.applications.EfficientNetB5)
load_efficientnetb7 = partial(load_efficientnet, keras.applications.EfficientNetB7)


def _features(application: Callable[..., keras.Model], pixels: KerasTensor) -> KerasTensor:
    backbone = application(include_top=False, weights=None, input_tensor=pixels)
    _set_normalization(backbone, variance=np.square(IMAGENET_STD))
    return backbone.output


def _normalization(backbone: keras.Model) -> keras.layers.Normalization:
    (layer,) = (x for x in backbone.layers if isinstance(x, keras.layers.Normalization))
    return layer


def _set_normalization(backbone: keras.Model, *, variance: np.ndarray) -> None:
    layer = _normalization(backbone)
    layer.adapt_mean.assign(IMAGENET_MEAN)
    layer.adapt_variance.assign(variance)
    layer.finalize_state()
