"""The view of a cell in layers of Keras: centred in 450 px, cropped, and resized as Pillow does."""

import numpy as np
from keras import KerasTensor, layers, ops

from all_tf.config.experiment import View
from tfrecords.schema import IMAGE_SIDE

_WEIGHT_BITS = 22  # Of a weight in Pillow, for images of 8 bits a channel.
_LOW_BITS = 11  # A weight's lower half. A pixel times it, summed over 32 weights, is below 2**24.


def centred(images: KerasTensor) -> KerasTensor:
    """The central 450 px, with black around smaller images, as `fit_center` gives them.

    Args:
        images: `(n, height, width, 3)`, of any sides, at least one image.

    Returns:
        `(n, 450, 450, 3)`.
    """
    for axis in (1, 2):
        line = images[0, :, 0, 0] if axis == 1 else images[0, 0, :, 0]
        # Keras gives a side that differs from call to call as None, and not as a tensor.
        length = ops.sum(ops.ones_like(line, dtype="int32"))
        # Rounded towards 0, whichever of the two is larger.
        first = ops.cast(ops.trunc((ops.cast(length, "float32") - IMAGE_SIDE) / 2), "int32")
        places = ops.add(np.arange(IMAGE_SIDE, dtype=np.int32), first)
        inside = ops.cast((places >= 0) & (places < length), images.dtype)
        nearest = ops.maximum(ops.minimum(places, length - 1), 0)
        shape = (1, IMAGE_SIDE, 1, 1) if axis == 1 else (1, 1, IMAGE_SIDE, 1)
        images = ops.take(images, nearest, axis=axis) * ops.reshape(inside, shape)
    return images


def viewed(images: KerasTensor, view: View, *, name: str) -> KerasTensor:
    """What evaluation and prediction show the network, in every pixel as Pillow resizes it.

    Pillow resizes along rows, rounds to whole grey levels, resizes along columns, and rounds
    again. Its weights are whole numbers of 22 bits, which float32 cannot hold times a pixel; thus
    each is two numbers of 11 bits here, and every sum is exact. The project resizes only the box
    around the cell, whose place Pillow rounds to float32: where that moves a value across one half,
    a pixel differs from here by one grey level.

    Args:
        images: float32 `(n, 450, 450, 3)` of whole numbers in [0, 255].
        view: Its crop, canvas and output.
        name: Of the layers, once a model.

    Returns:
        float32 `(n, output, output, 3)` of whole numbers in [0, 255].
    """
    edge = (IMAGE_SIDE - view.crop) // 2
    if view.crop < IMAGE_SIDE:
        margins = (edge, IMAGE_SIDE - view.crop - edge)
        images = layers.Cropping2D((margins, margins), name=f"{name}_crop")(images)
    maps = ops.transpose(images, (0, 1, 3, 2))  # Rows, channels, columns.
    maps = _resized(maps, view, name=f"{name}_columns")
    maps = ops.transpose(maps, (0, 3, 2, 1))  # Columns, channels, rows.
    maps = _resized(maps, view, name=f"{name}_rows")
    return ops.transpose(maps, (0, 3, 1, 2))


def _resized(maps: KerasTensor, view: View, *, name: str) -> KerasTensor:
    """Resize the last axis, and round."""
    margin = (view.canvas - view.output) // 2
    weights = triangle_weights(view.crop, view.canvas)[margin : margin + view.output].T
    halves = np.concatenate([weights >> _LOW_BITS, weights % 2**_LOW_BITS], axis=1)
    resize = layers.Dense(2 * view.output, use_bias=False, trainable=False, name=name)
    sums = resize(maps)
    resize.set_weights([halves.astype(np.float32)])
    high, low = sums[..., : view.output], sums[..., view.output :]
    half = 2.0 ** (_WEIGHT_BITS - _LOW_BITS - 1)
    return ops.floor((high + ops.floor(low / 2**_LOW_BITS) + half) / (2 * half))


def triangle_weights(source: int, target: int) -> np.ndarray:
    """Weights of Pillow's `Resampling.BILINEAR` (Pillow, src/libImaging/Resample.c).

    Args:
        source, target: Sides in pixels before and after.

    Returns:
        int64 `(target, source)`, not negative; a row adds up to about 2**22.
    """
    scale = source / target
    reach = max(scale, 1.0)  # Half the width of the filter.
    weights = np.zeros((target, source), np.int64)
    for row, centre in zip(weights, (np.arange(target) + 0.5) * scale, strict=True):
        first, last = max(int(centre - reach + 0.5), 0), min(int(centre + reach + 0.5), source)
        distance = np.abs(np.arange(first, last) - centre + 0.5) / reach
        share = np.maximum(1 - distance, 0)
        row[first:last] = share / share.sum() * 2**_WEIGHT_BITS + 0.5
    return weights
