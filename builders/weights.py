"""Where the weights that a model starts from come from: ImageNet, by Keras, or a file."""

import warnings
from collections.abc import Callable
from pathlib import Path

import keras

IMAGENET_MEAN = (0.485, 0.456, 0.406)  # Of RGB in [0, 1], as torchvision and Keras have them.
IMAGENET_STD = (0.229, 0.224, 0.225)
FILE_SUFFIX = ".weights.h5"


class WeightsError(ValueError):
    """The weights asked for cannot be had, or do not fit; the message says what to do."""


def copy_imagenet(backbone: keras.Model, application: Callable[..., keras.Model]) -> None:
    """Copy ImageNet weights into a model whose weights come in the same order.

    Args:
        backbone: From pixels to a feature map.
        application: One of `keras.applications`; it downloads, checks and loads its own file.

    Raises:
        WeightsError: The file cannot be downloaded.
    """
    try:
        donor = application(
            include_top=False, weights="imagenet", input_shape=backbone.input_shape[1:]
        )
    except Exception as error:  # Keras raises a bare Exception where a download fails.
        raise WeightsError(
            f"The ImageNet weights of {application.__name__} cannot be had: {error}. "
            "Pass --weights none to start from random weights, or "
            f"--weights FILE{FILE_SUFFIX} to start from a file of your own."
        ) from error
    backbone.set_weights(donor.get_weights())


def load_file(model: keras.Model, path: Path) -> None:
    """Load the weights of a whole model, head included, as `save_weights` wrote them.

    Raises:
        WeightsError: No such file, another kind of file, or another architecture's.
    """
    if not path.name.endswith(FILE_SUFFIX):
        raise WeightsError(f"Expected imagenet, none or a file *{FILE_SUFFIX}. Received: {path}")
    if not path.is_file():
        raise WeightsError(f"No such file of weights: {path}")
    try:
        with warnings.catch_warnings():
            # Where a part of the file does not fit, Keras may warn and leave it random.
            warnings.simplefilter("error", UserWarning)
            model.load_weights(path)
    except (ValueError, OSError, KeyError, UserWarning) as error:
        raise WeightsError(f"{path} does not fit {model.name}: {error}") from error
