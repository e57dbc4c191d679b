"""VGG (Simonyan and Zisserman, 2015, arXiv:1409.1556), with its preprocessing."""

import keras
from keras import KerasTensor

from builders.caffe_preprocessing import center_bgr
from builders.weights import copy_imagenet


def vgg16(pixels: KerasTensor) -> KerasTensor:
    """Feature map of VGG16, without its three dense layers.

    Args:
        pixels: `(batch, side, side, 3)` in [0, 255]; a side of at least 32.

    Returns:
        `(batch, side / 32, side / 32, 512)`, not negative.
    """
    return keras.applications.VGG16(
        include_top=False, weights=None, input_tensor=center_bgr(pixels)
    ).output


def vgg19(pixels: KerasTensor) -> KerasTensor:
    """Feature map of VGG19, without its three dense layers.

    Args:
        pixels: `(batch, side, side, 3)` in [0, 255]; a side of at least 32.

    Returns:
        `(batch, side / 32, side / 32, 512)`, not negative.
    """
    return keras.applications.VGG19(
        include_top=False, weights=None, input_tensor=center_bgr(pixels)
    ).output


def load_vgg16(backbone: keras.Model) -> None:
    """Put the ImageNet weights that Keras publishes into a VGG16 backbone."""
    copy_imagenet(backbone, keras.applications.VGG16)


def load_vgg19(backbone: keras.Model) -> None:
    """Put the ImageNet weights that Keras publishes into a VGG19 backbone."""
    copy_imagenet(backbone, keras.applications.VGG19)
