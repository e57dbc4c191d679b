"""DenseNet (Huang et al., 2017, arXiv:1608.06993), with its preprocessing."""

import keras
from keras import KerasTensor, layers

from builders.weights import IMAGENET_MEAN, IMAGENET_STD, copy_imagenet

_EPSILON = 1e-5  # As the weights published for densenet161 were trained; Keras' own has 1.001e-5.


def densenet121(pixels: KerasTensor) -> KerasTensor:
    """Feature map of DenseNet121.

    Args:
        pixels: `(batch, side, side, 3)` in [0, 255]; a side of at least 32.

    Returns:
        `(batch, side / 32, side / 32, 1024)`.
    """
    return keras.applications.DenseNet121(
        include_top=False, weights=None, input_tensor=_standardize(pixels)
    ).output


def densenet161(pixels: KerasTensor) -> KerasTensor:
    """Feature map of DenseNet161, which keras.applications lacks.

    The paper's DenseNet with growth 48, twice as many channels in the stem; its layers are named
    as those of `keras.applications.DenseNet121`.

    Args:
        pixels: `(batch, side, side, 3)` in [0, 255]; a side of at least 32.

    Returns:
        `(batch, side / 32, side / 32, 2208)`.
    """
    maps = layers.ZeroPadding2D(3, name="conv1_pad")(_standardize(pixels))
    maps = layers.Conv2D(96, 7, strides=2, use_bias=False, name="conv1_conv")(maps)
    maps = _normalize(maps, "conv1_bn", "conv1_relu")
    # Zeros stand in for minus infinity: nothing is negative after a ReLU.
    maps = layers.ZeroPadding2D(1, name="pool1_pad")(maps)
    maps = layers.MaxPooling2D(3, strides=2, name="pool1")(maps)
    for stage, num_layers in enumerate((6, 12, 36, 24), start=2):
        if stage > 2:
            maps = _transition(maps, f"pool{stage - 1}")
        for number in range(1, num_layers + 1):
            maps = _dense_layer(maps, growth=48, name=f"conv{stage}_block{number}")
    return _normalize(maps, "bn", "relu")


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


def load_densenet121(backbone: keras.Model) -> None:
    """Put the ImageNet weights that Keras publishes into a DenseNet121 backbone."""
    copy_imagenet(backbone, keras.applications.DenseNet121)


def load_densenet169(backbone: keras.Model) -> None:
    """Put the ImageNet weights that Keras publishes into a DenseNet169 backbone."""
    copy_imagenet(backbone, keras.applications.DenseNet169)


def _standardize(pixels: KerasTensor) -> KerasTensor:
    """Zero mean and unit variance over ImageNet, as `densenet.preprocess_input` does."""
    scale = [1 / (255 * std) for std in IMAGENET_STD]
    offset = [-mean / std for mean, std in zip(IMAGENET_MEAN, IMAGENET_STD, strict=True)]
    return layers.Rescaling(scale, offset, name="standardized", dtype="float32")(pixels)


def _dense_layer(maps: KerasTensor, *, growth: int, name: str) -> KerasTensor:
    """The maps, and `growth` new ones computed from all of them through a bottleneck."""
    new = _normalize(maps, f"{name}_0_bn", f"{name}_0_relu")
    new = layers.Conv2D(4 * growth, 1, use_bias=False, name=f"{name}_1_conv")(new)
    new = _normalize(new, f"{name}_1_bn", f"{name}_1_relu")
    new = layers.Conv2D(growth, 3, padding="same", use_bias=False, name=f"{name}_2_conv")(new)
    return layers.Concatenate(name=f"{name}_concat")([maps, new])


def _transition(maps: KerasTensor, name: str) -> KerasTensor:
    """Half the channels at half the side; the last row of an odd side is let go."""
    maps = _normalize(maps, f"{name}_bn", f"{name}_relu")
    half = maps.shape[-1] // 2
    maps = layers.Conv2D(half, 1, use_bias=False, name=f"{name}_conv")(maps)
    return layers.AveragePooling2D(2, name=f"{name}_pool")(maps)


def _normalize(maps: KerasTensor, norm_name: str, relu_name: str) -> KerasTensor:
    maps = layers.BatchNormalization(epsilon=_EPSILON, name=norm_name)(maps)
    return layers.ReLU(name=relu_name)(maps)
