"""Networks of keras.applications, with their preprocessing and the weights that Keras publishes."""

from collections.abc import Callable

import keras
from keras import KerasTensor

from builders.preprocessing import center_bgr, scale_to_unit, standardize
from builders.weights import copy_imagenet

# By the modes of Keras' own `preprocess_input`; "inside" is for networks that do it themselves.
PREPROCESSING: dict[str, Callable[[KerasTensor], KerasTensor]] = {
    "caffe": center_bgr,
    "tf": scale_to_unit,
    "torch": standardize,
    "inside": lambda pixels: pixels,
}


def application_features(name: str, preprocessing: str, pixels: KerasTensor) -> KerasTensor:
    """Feature map of a network of keras.applications, with random weights.

    Args:
        name: Of a function in keras.applications, such as "DenseNet121".
        preprocessing: A key of `PREPROCESSING`.
        pixels: `(batch, side, side, 3)` in [0, 255]; most networks want a side of at least 32.

    Returns:
        `(batch, height, width, channels)`, in most networks side / 32 high and wide.

    Raises:
        ValueError: There is no such preprocessing.
    """
    if preprocessing not in PREPROCESSING:
        raise ValueError(
            f"Unknown preprocessing. Known: {', '.join(PREPROCESSING)}. "
            f"Received: preprocessing={preprocessing!r} of {name}"
        )
    prepared = PREPROCESSING[preprocessing](pixels)
    application = getattr(keras.applications, name)
    return application(include_top=False, weights=None, input_tensor=prepared).output


def load_application(name: str, backbone: keras.Model) -> None:
    """Copy the ImageNet weights that Keras publishes into a backbone of the same network.

    Args:
        name: Of a function in keras.applications.
        backbone: From pixels to the feature map of `application_features`.
    """
    copy_imagenet(backbone, getattr(keras.applications, name))
