"""DenseNet (Huang et al., 2017, arXiv:1608.06993), with its preprocessing."""

import keras
from keras import KerasTensor, layers

from builders.weights import IMAGENET_MEAN, IMAGENET_STD, copy_imagenet


def densenet169(pixels: KerasTensor) -> KerasTensor:
    """Feature map of DenseNet169.

    Args:
        pixels: `(batch, side, side, 3)` in [0, 255]; a side of at least 32.

    Returns:
        `(batch, side / 32, side / 32, 1664)`.
    """
    return keras.applications.DenseNet169(
        include_top=False, weights=None, input_tensor=_standardize(pixels)
    ).output


def load_densenet169(backbone: keras.Model) -> None:
    """Put the ImageNet weights that Keras publishes into a DenseNet169 backbone."""
    copy_imagenet(backbone, keras.applications.DenseNet169)


def _standardize(pixels: KerasTensor) -> KerasTensor:
    """Zero mean and unit variance over ImageNet, as `densenet.preprocess_input` does."""
    scale = [1 / (255 * std) for std in IMAGENET_STD]
    offset = [-mean / std for mean, std in zip(IMAGENET_MEAN, IMAGENET_STD, strict=True)]
    return layers.Rescaling(scale, offset, name="standardized")(pixels)
