"""The architectures by name, and the way from a name to a model."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import keras
from keras import KerasTensor

from builders.base_cnn import base_cnn
from builders.densenet import densenet169, load_densenet169
from builders.efficientnet import efficientnetb0, load_efficientnetb0
from builders.head import add_head
from builders.weights import WeightsError, load_file


class Architecture(NamedTuple):
    """How one network is built, and how it gets its ImageNet weights, where there are any."""

    features: Callable[[KerasTensor], KerasTensor]  # Pixels in [0, 255] to a feature map.
    load_imagenet: Callable[[keras.Model], None] | None


ARCHITECTURES: dict[str, Architecture] = {
    "base_cnn": Architecture(base_cnn, None),
    "densenet169": Architecture(densenet169, load_densenet169),
    "efficientnetb0": Architecture(efficientnetb0, load_efficientnetb0),
}


def build_model(arch: str, *, image_size: int, weights: str) -> keras.Model:
    """A flat functional model from raw pixels to one logit.

    Args:
        arch: A key of `ARCHITECTURES`.
        image_size: Side of the input in pixels.
        weights: "imagenet", "none", or the path of a `.weights.h5` file of the whole model.

    Returns:
        Model from `(batch, image_size, image_size, 3)` in [0, 255] to float32 `(batch, 1)`; the
        layer before the last is called `pooled`. Preprocessing lies inside.

    Raises:
        ValueError: `arch` is unknown, or its weights cannot be had (`WeightsError`).
    """
    if arch not in ARCHITECTURES:
        raise ValueError(
            f"Unknown arch. Known: {', '.join(sorted(ARCHITECTURES))}. Received: arch={arch!r}"
        )
    architecture = ARCHITECTURES[arch]
    pixels = keras.Input((image_size, image_size, 3), name="image", dtype="float32")
    features = architecture.features(pixels)
    model = keras.Model(pixels, add_head(features), name=arch)
    if weights == "imagenet":
        if architecture.load_imagenet is None:
            raise WeightsError(f"{arch} has no ImageNet weights. Pass --weights none.")
        architecture.load_imagenet(keras.Model(pixels, features))
    elif weights != "none":
        load_file(model, Path(weights))
    return model
