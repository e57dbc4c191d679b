"""EfficientNet-Lite0 (Google, 2020): EfficientNet-B0 without what small devices lack."""

from typing import NamedTuple

from keras import KerasTensor, layers

from builders.preprocessing import scale_as_lite

_MOMENTUM, _EPSILON = 0.99, 1e-3  # Of batch norm, as the published weights were trained.
_STEM = 32  # Channels; the block behind them does not expand.
_EXPANSION = 6
_DROP_CONNECT = 0.2  # Share of residuals that a training step leaves out in the last block.


class _Stage(NamedTuple):
    blocks: int
    size: int  # Side of the depthwise convolution, pixels.
    stride: int  # Of the first block.
    filters: int


# Tan and Le, 2019, arXiv:1905.11946, table 1.
_STAGES = (
    _Stage(1, 3, 1, 16),
    _Stage(2, 3, 2, 24),
    _Stage(2, 5, 2, 40),
    _Stage(3, 3, 2, 80),
    _Stage(3, 5, 1, 112),
    _Stage(4, 5, 2, 192),
    _Stage(1, 3, 1, 320),
)


def efficientnet_lite0(pixels: KerasTensor) -> KerasTensor:
    """Feature map of EfficientNet-Lite0, which keras.applications lacks, to fit its weights.

    It differs from EfficientNet-B0 in its preprocessing, in ReLU6 for swish, and in having no
    squeeze-and-excitation (`efficientnet_lite_builder.py` in tensorflow/tpu).

    Args:
        pixels: `(batch, side, side, 3)` in [0, 255]; a side of at least 32.

    Returns:
        `(batch, side / 32, side / 32, 1280)`, sides rounded up, in [0, 6].
    """
    maps = _relu6(_conv(scale_as_lite(pixels), _STEM, size=3, stride=2, name="stem"), "stem")
    num_blocks, number = sum(stage.blocks for stage in _STAGES), 0
    for stage in _STAGES:
        for stride in (stage.stride, *[1] * (stage.blocks - 1)):
            drop = _DROP_CONNECT * number / num_blocks
            maps = _block(maps, stage, stride, drop, name=f"block{number}")
            number += 1
    return _relu6(_conv(maps, 1280, name="top"), "top")


def _block(maps: KerasTensor, stage: _Stage, stride: int, drop: float, *, name: str) -> KerasTensor:
    """Inverted residual (Sandler et al., 2018, arXiv:1801.04381); the first one does not expand."""
    inner, channels = maps, maps.shape[-1]
    if channels != _STEM:
        inner = _conv(inner, channels * _EXPANSION, name=f"{name}_expand")
        inner = _relu6(inner, f"{name}_expand")
    inner = layers.DepthwiseConv2D(
        stage.size, stride, padding="same", use_bias=False, name=f"{name}_dwconv"
    )(inner)
    inner = _relu6(_normalize(inner, f"{name}_depthwise"), f"{name}_depthwise")
    inner = _conv(inner, stage.filters, name=f"{name}_project")
    if stride > 1 or channels != stage.filters:
        return inner
    # Stochastic depth (Huang et al., 2016, arXiv:1603.09382): a whole residual or none of it.
    inner = layers.Dropout(drop, noise_shape=(None, 1, 1, 1), name=f"{name}_drop")(inner)
    return layers.Add(name=f"{name}_add")([maps, inner])


def _conv(
    maps: KerasTensor, filters: int, *, name: str, size: int = 1, stride: int = 1
) -> KerasTensor:
    """A convolution with batch norm."""
    conv = layers.Conv2D(filters, size, stride, padding="same", use_bias=False, name=f"{name}_conv")
    return _normalize(conv(maps), name)


def _normalize(maps: KerasTensor, name: str) -> KerasTensor:
    return layers.BatchNormalization(momentum=_MOMENTUM, epsilon=_EPSILON, name=f"{name}_bn")(maps)


def _relu6(maps: KerasTensor, name: str) -> KerasTensor:
    return layers.ReLU(6, name=f"{name}_relu")(maps)
