"""The study's base model: one convolution with batch norm, before the head."""

from keras import KerasTensor, layers

_FILTERS = 32


def base_cnn(pixels: KerasTensor) -> KerasTensor:
    """Feature map of one 3x3 convolution.

    Args:
        pixels: `(batch, side, side, 3)` in [0, 255].

    Returns:
        `(batch, side, side, 32)`, not negative.
    """
    scaled = layers.Rescaling(1 / 255, name="scaled", dtype="float32")(pixels)
    maps = layers.Conv2D(_FILTERS, 3, padding="same", use_bias=False, name="conv")(scaled)
    return layers.ReLU(name="relu")(layers.BatchNormalization(name="conv_bn")(maps))
