"""GoogLeNet (Szegedy et al., 2015, arXiv:1409.4842) with batch norm and preprocessing."""

from keras import KerasTensor, layers

from builders.preprocessing import scale_to_unit

_EPSILON = 1e-3  # As the published weights were trained.
# Channels: 1x1 | 1x1, then 3x3 | 1x1, then 3x3 | 1x1 after a pooling. Szegedy et al., table 1.
_INCEPTION = {
    "3a": (64, (96, 128), (16, 32), 32),
    "3b": (128, (128, 192), (32, 96), 64),
    "4a": (192, (96, 208), (16, 48), 64),
    "4b": (160, (112, 224), (24, 64), 64),
    "4c": (128, (128, 256), (24, 64), 64),
    "4d": (112, (144, 288), (32, 64), 64),
    "4e": (256, (160, 320), (32, 128), 128),
    "5a": (256, (160, 320), (32, 128), 128),
    "5b": (384, (192, 384), (48, 128), 128),
}


def googlenet(pixels: KerasTensor) -> KerasTensor:
    """Feature map of GoogLeNet, which keras.applications lacks, to fit the weights of PyTorch.

    Those weights differ from the paper: batch norm (Ioffe and Szegedy, 2015, arXiv:1502.03167)
    takes the place of biases and local response normalisation, and 3x3 that of the 5x5
    convolutions. The auxiliary classifiers serve only training from scratch and are left out.

    Args:
        pixels: `(batch, side, side, 3)` in [0, 255]; a side of at least 15.

    Returns:
        `(batch, s, s, 1024)`, s about side / 32: 3, 6 and 7 at 100, 200 and 224 pixels.
    """
    maps = layers.ZeroPadding2D(3, name="conv1_pad")(scale_to_unit(pixels))
    maps = _conv(maps, 64, 7, name="conv1", strides=2, padding="valid")
    maps = ceil_max_pool(maps, 3, name="maxpool1")
    maps = _conv(maps, 64, 1, name="conv2")
    maps = _conv(maps, 192, 3, name="conv3")
    maps = ceil_max_pool(maps, 3, name="maxpool2")
    for name, channels in _INCEPTION.items():
        if name == "4a":
            maps = ceil_max_pool(maps, 3, name="maxpool3")
        if name == "5a":
            maps = ceil_max_pool(maps, 2, name="maxpool4")
        maps = _inception(maps, *channels, name=f"inception{name}")
    return maps


def ceil_max_pool(maps: KerasTensor, size: int, *, name: str) -> KerasTensor:
    """Max-pooling by strides of 2 that drops no row: a last window may reach over the far edge.

    Args:
        maps: `(batch, height, width, channels)`, not negative, height and width known.
        size: Side of the window, 2 or 3.
        name: Of the layer.

    Returns:
        `(batch, ceil((height - size) / 2) + 1, ceil((width - size) / 2) + 1, channels)`.
    """
    # At most one row: thus no window lies wholly outside, and zeros, the least of values that are
    # not negative, change no maximum. padding="same" would put a row in front of odd sides.
    lacking = [(0, (side - size) % 2) for side in maps.shape[1:3]]
    maps = layers.ZeroPadding2D(lacking, name=f"{name}_pad")(maps)
    return layers.MaxPooling2D(size, strides=2, name=name)(maps)


def _inception(maps: KerasTensor, one, three, five, pooled, *, name: str) -> KerasTensor:
    """Four branches of the same maps, concatenated."""
    pool = layers.MaxPooling2D(3, strides=1, padding="same", name=f"{name}_branch4_0")(maps)
    branches = [
        _conv(maps, one, 1, name=f"{name}_branch1"),
        _bottleneck(maps, three, name=f"{name}_branch2"),
        _bottleneck(maps, five, name=f"{name}_branch3"),
        _conv(pool, pooled, 1, name=f"{name}_branch4_1"),
    ]
    return layers.Concatenate(name=name)(branches)


def _bottleneck(maps: KerasTensor, channels: tuple[int, int], *, name: str) -> KerasTensor:
    maps = _conv(maps, channels[0], 1, name=f"{name}_0")
    return _conv(maps, channels[1], 3, name=f"{name}_1")


def _conv(maps: KerasTensor, filters: int, size: int, *, name: str, **options) -> KerasTensor:
    options = {"padding": "same", "use_bias": False} | options
    maps = layers.Conv2D(filters, size, name=f"{name}_conv", **options)(maps)
    maps = layers.BatchNormalization(epsilon=_EPSILON, name=f"{name}_bn")(maps)
    return layers.ReLU(name=f"{name}_relu")(maps)
