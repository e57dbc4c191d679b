"""A small residual network for cells, trained from scratch, that sees no absolute colour."""

from keras import KerasTensor, layers, ops

_WIDTHS = (16, 32, 64)  # Twice as wide and as deep, it overfitted to its patients sooner.
_BACKGROUND = 10.0  # A pixel whose brightest channel is above this belongs to the cell.


class StandardizedCell(layers.Layer):
    """Each channel to mean 0 and deviation 1 inside the cell, 0 outside, and the cell's mask.

    Stain and exposure differ from patient to patient and explain more than a third of a cell's
    mean colour; a network that sees it learns to recognise the patients it was trained on.
    """

    def call(self, pixels):
        """float32 `(b, h, w, 3)` in [0, 255] to `(b, h, w, 4)`."""
        mask = ops.cast(ops.max(pixels, axis=-1, keepdims=True) > _BACKGROUND, pixels.dtype)
        area = ops.sum(mask, axis=(1, 2), keepdims=True) + 1  # Never 0: an image may be black.
        mean = ops.sum(mask * pixels, axis=(1, 2), keepdims=True) / area
        centred = mask * (pixels - mean)
        variance = ops.sum(ops.square(centred), axis=(1, 2), keepdims=True) / area
        # One grey level more, so that the noise of an even cell is not amplified.
        return ops.concatenate([centred / (ops.sqrt(variance) + 1), mask], axis=-1)

    def compute_output_shape(self, input_shape):
        """The shape of the output: one channel more than the input."""
        return (*input_shape[:-1], 4)


def cellnet(pixels: KerasTensor) -> KerasTensor:
    """Feature map of a residual network with pre-activation (He et al., 2016, arXiv:1603.05027).

    Args:
        pixels: `(batch, side, side, 3)` in [0, 255]; a side of at least 32.

    Returns:
        `(batch, side / 16, side / 16, 64)`, not below -.3.
    """
    # Sums over an image overflow in half precision.
    maps = StandardizedCell(dtype="float32", name="standardized")(pixels)
    maps = layers.Conv2D(
        _WIDTHS[0], 5, strides=2, padding="same", use_bias=False, name="stem_conv"
    )(maps)
    maps = _activate(maps, "stem")
    maps = layers.MaxPooling2D(2, name="stem_pool")(maps)
    for stage, width in enumerate(_WIDTHS, start=1):
        maps = _block(maps, width, stride=1 if stage == 1 else 2, name=f"stage{stage}")
    return _activate(maps, "final")


def _block(maps: KerasTensor, width: int, *, stride: int, name: str) -> KerasTensor:
    """Two 3x3 convolutions beside a shortcut, averaged and projected where the stride is 2."""
    shortcut, residual = maps, _activate(maps, f"{name}_1")
    if stride > 1:
        shortcut = layers.AveragePooling2D(stride, padding="same", name=f"{name}_pool")(residual)
        shortcut = layers.Conv2D(width, 1, use_bias=False, name=f"{name}_project")(shortcut)
    for number, step in ((1, stride), (2, 1)):
        if number == 2:
            residual = _activate(residual, f"{name}_2")
        residual = layers.Conv2D(
            width, 3, strides=step, padding="same", use_bias=False, name=f"{name}_conv{number}"
        )(residual)
    return layers.Add(name=f"{name}_add")([shortcut, residual])


def _activate(maps: KerasTensor, name: str) -> KerasTensor:
    maps = layers.BatchNormalization(name=f"{name}_bn")(maps)
    return layers.Activation("silu", name=f"{name}_silu")(maps)
