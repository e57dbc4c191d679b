"""Augmentation by name, on the device that trains; the only module that imports keras_cv.

The pixels are moved and recoloured by keras-cv, the random numbers are drawn here, without state,
from the seed a call is given: a resumed run sees what an uninterrupted one would have seen.
"""

from collections.abc import Callable, Sequence

import keras_cv
import tensorflow as tf

from all_tf.config import View

# An operation: (images float32 (b, h, w, 3) in [0, 255], seed (2,)) -> images.
Operation = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]

_BRIGHTNESS = 0.06  # Added at most, as a share of 255: a fifth of what a cell has.
_CONTRAST = 0.2  # Relative change at most.
_GAMMA = 0.25  # Exponents lie in [exp(-.25), exp(.25)], about .78 to 1.28.


def hflip(images, seed):
    """Mirror left and right, each image with probability 1/2."""
    layer = keras_cv.layers.RandomFlip("horizontal")
    flips = {"flip_horizontals": _uniform(images, seed, (1,)), "flip_verticals": tf.zeros((1, 1))}
    return layer.augment_images(images, transformations=flips)


def vflip(images, seed):
    """Mirror top and bottom, each image with probability 1/2."""
    layer = keras_cv.layers.RandomFlip("vertical")
    flips = {"flip_horizontals": tf.zeros((1, 1)), "flip_verticals": _uniform(images, seed, (1,))}
    return layer.augment_images(images, transformations=flips)


def rotate(images, seed):
    """Turn by any angle about the centre; what comes in from outside is background, black."""
    layer = keras_cv.layers.RandomRotation(0.5, fill_mode="constant", fill_value=0.0)
    angles = 2 * 3.141592653589793 * (_uniform(images, seed, ()) - 0.5)
    return layer.augment_images(images, transformations={"angles": angles})


def brightness(images, seed):
    """Add one value, at most 6 % of the range, to every pixel of the cell, or take it away."""
    layer = keras_cv.layers.RandomBrightness(_BRIGHTNESS)
    shifts = 255 * _BRIGHTNESS * (2 * _uniform(images, seed, (1, 1, 1)) - 1)
    return _inside_cell(images, layer.augment_images(images, transformations=shifts))


def contrast(images, seed):
    """Stretch or squeeze each channel about its mean by up to 20 %, inside the cell."""
    layer = keras_cv.layers.RandomContrast(value_range=(0, 255), factor=_CONTRAST)
    factors = 1 + _CONTRAST * (2 * _uniform(images, seed, (1, 1, 1)) - 1)
    return _inside_cell(images, layer.augment_images(images, transformations=factors))


class RandomGamma(keras_cv.layers.VectorizedBaseImageAugmentationLayer):
    """`255 (x / 255) ** gamma`, which keras-cv lacks: darkens or lightens, black stays black."""

    def augment_images(self, images, transformations, **kwargs):
        """Apply one exponent an image: `(b, h, w, 3)` in [0, 255], exponents `(b, 1, 1, 1)`."""
        return 255 * tf.pow(images / 255, transformations)


def gamma(images, seed):
    """Raise brightness to a power between .78 and 1.28."""
    exponents = tf.exp(_GAMMA * (2 * _uniform(images, seed, (1, 1, 1)) - 1))
    return RandomGamma().augment_images(images, transformations=exponents)


def random_crop(view: View) -> Operation:
    """A window of the output's side from anywhere in the canvas."""
    layer = keras_cv.layers.RandomCrop(view.output, view.output)

    def crop(images, seed):
        places = _uniform(images, seed, (2,))
        corners = {"tops": places[:, :1], "lefts": places[:, 1:]}
        cropped = layer.augment_images(images, transformations=corners)
        return tf.ensure_shape(cropped, (None, view.output, view.output, 3))

    return crop


AUGMENTATIONS: dict[str, Callable[[View], Operation]] = {
    "hflip": lambda view: hflip,
    "vflip": lambda view: vflip,
    "random_crop": random_crop,
    "rotate": lambda view: rotate,
    "brightness": lambda view: brightness,
    "contrast": lambda view: contrast,
    "gamma": lambda view: gamma,
}


def build_augment(names: Sequence[str], *, view: View, seed: int) -> Callable:
    """One function that applies the named operations in the order of `AUGMENTATIONS`.

    Args:
        names: Keys of `AUGMENTATIONS`; none leaves the pixels as they are.
        view: Its canvas comes in, its output goes out.
        seed: Of the run.

    Returns:
        `augment(images, labels, step)`: canvas uint8 `(b, c, c, 3)` and labels `(b, 1)` to images
        float32 `(b, s, s, 3)` in [0, 255] and labels. Equal seed, step and batch, equal result.
    """
    operations = [make(view) for name, make in AUGMENTATIONS.items() if name in names]

    def augment(images, labels, step):
        images = tf.cast(images, tf.float32)
        for index, operation in enumerate(operations):
            # Three words of seed folded into the two that stateless draws take.
            key = tf.random.experimental.stateless_fold_in([seed, index], tf.cast(step, tf.int64))
            images = operation(images, key)
        return images, labels

    return augment


def _uniform(images, seed, shape: tuple[int, ...]):
    """One draw from [0, 1) an image: `(b, *shape)`."""
    return tf.random.stateless_uniform((tf.shape(images)[0], *shape), seed)


def _inside_cell(before, after):
    """The recoloured cell on the background it had: exactly black, as in every image."""
    cell = tf.reduce_any(before > 0, axis=-1, keepdims=True)
    return tf.where(cell, after, before)
