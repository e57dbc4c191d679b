"""DenseNet161 (Huang et al., 2017, arXiv:1608.06993), with its preprocessing."""

from keras import KerasTensor, layers

from builders.preprocessing import standardize

_EPSILON = 1e-5  # As the published weights were trained; Keras' DenseNets have 1.001e-5.


def densenet161(pixels: KerasTensor) -> KerasTensor:
    """Feature map of DenseNet161, which keras.applications lacks.

    The paper's DenseNet with growth 48, twice as many channels in the stem; its layers are named
    as those of `keras.applications.DenseNet121`.

    Args:
        pixels: `(batch, side, side, 3)` in [0, 255]; a side of at least 32.

    Returns:
        `(batch, side / 32, side / 32, 2208)`.
    """
    maps = layers.ZeroPadding2D(3, name="conv1_pad")(standardize(pixels))
    maps = layers.Conv2D(96, 7, strides=2, use_bias=False, name="conv1_conv")(maps)
    maps = _normalize(maps, "conv1_bn", "conv1_relu")
    # Zeros have the effect of minus infinity: nothing is negative after a ReLU.
    maps = layers.ZeroPadding2D(1, name="pool1_pad")(maps)
    maps = layers.MaxPooling2D(3, strides=2, name="pool1")(maps)
    for stage, num_layers in enumerate((6, 12, 36, 24), start=2):
        if stage > 2:
            maps = _transition(maps, f"pool{stage - 1}")
        for number in range(1, num_layers + 1):
            maps = _dense_layer(maps, growth=48, name=f"conv{stage}_block{number}")
    return _normalize(maps, "bn", "relu")


def _dense_layer(maps: KerasTensor, *, growth: int, name: str) -> KerasTensor:
    """The maps, and `growth` new ones computed from all of them through a bottleneck."""
    new = _normalize(maps, f"{name}_0_bn", f"{name}_0_relu")
    new = layers.Conv2D(4 * growth, 1, use_bias=False, name=f"{name}_1_conv")(new)
    new = _normalize(new, f"{name}_1_bn", f"{name}_1_relu")
    new = layers.Conv2D(growth, 3, padding="same", use_bias=False, name=f"{name}_2_conv")(new)
    return layers.Concatenate(name=f"{name}_concat")([maps, new])


def _transition(maps: KerasTensor, name: str) -> KerasTensor:
    """Half the channels at half the side; the last row of an odd side is dropped."""
    maps = _normalize(maps, f"{name}_bn", f"{name}_relu")
    half = maps.shape[-1] // 2
    maps = layers.Conv2D(half, 1, use_bias=False, name=f"{name}_conv")(maps)
    return layers.AveragePooling2D(2, name=f"{name}_pool")(maps)


def _normalize(maps: KerasTensor, norm_name: str, relu_name: str) -> KerasTensor:
    maps = layers.BatchNormalization(epsilon=_EPSILON, name=norm_name)(maps)
    return layers.ReLU(name=relu_name)(maps)
