"""ResNet, the first version (He et al., 2016, arXiv:1512.03385), with its preprocessing."""

import keras
from keras import KerasTensor

from builders.caffe_preprocessing import center_bgr
from builders.weights import copy_imagenet


def resnet152(pixels: KerasTensor) -> KerasTensor:
    """Feature map of ResNet152.

    Args:
        pixels: `(batch, side, side, 3)` in [0, 255]; a side of at least 32.

    Returns:
        `(batch, side / 32, side / 32, 2048)`, sides rounded up, not negative.
    """
    return keras.applications.ResNet152(
        include_top=False, weights=None, input_tensor=center_bgr(pixels)
    ).output


def load_resnet152(backbone: keras.Model) -> None:
    """Put the ImageNet weights that Keras publishes into a ResNet152 backbone."""
    copy_imagenet(backbone, keras.applications.ResNet152)
