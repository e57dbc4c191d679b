"""Operations that move and recolour the images of a batch; the only module that imports keras_cv.

keras-cv changes the pixels. The random numbers are drawn here, without state, from the seed of the
call: a resumed run sees the same images as an uninterrupted one.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager

import keras_cv
import tensorflow as tf
from keras_cv.src.backend.scope import TFDataScope

from all_tf.config.experiment import View

# An operation: (images float32 (b, h, w, 3) in [0, 255], seed (2,)) -> images.
Operation = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]

_BRIGHTNESS = 0.06  # Most that is added, as a share of 255: a fifth of a cell's brightness.
_CONTRAST = 0.2  # Largest relative change.
_GAMMA = 0.25  # Exponents lie in [exp(-.25), exp(.25)], about .78 to 1.28.
_SHIFT = 0.2  # Largest shift, as a share of the side, as in Prellberg and Kramer (2019).


def on_tensorflow() -> AbstractContextManager:
    """Return a context in which keras-cv uses TensorFlow, whatever Keras' backend is."""
    return TFDataScope()


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


def random_crop(view: View) -> Operation:
    """Return an operation that crops a random window of the output's side from the canvas."""
    layer = keras_cv.layers.RandomCrop(view.output, view.output)

    def crop(images, seed):
        places = _uniform(images, seed, (2,))
        corners = {"tops": places[:, :1], "lefts": places[:, 1:]}
        cropped = layer.augment_images(images, transformations=corners)
        return tf.ensure_shape(cropped, (None, view.output, view.output, 3))

    return crop


def rotate(images, seed, *, most: float = 0.5):
    """Rotate about the centre by up to `most` turns either way; the corners are filled black."""
    layer = keras_cv.layers.RandomRotation(most, fill_mode="constant", fill_value=0.0)
    angles = 2 * 3.141592653589793 * _within(images, seed, (), most)
    return layer.augment_images(images, transformations={"angles": angles})


def translate(images, seed, *, most: tuple[float, float] = (_SHIFT, _SHIFT)):
    """Shift by up to these shares of height and width, either way; the gap is filled black."""
    layer = keras_cv.layers.RandomTranslation(*most, fill_mode="constant", fill_value=0.0)
    shifts = _within(images, seed, (2,), 1.0) * tf.constant(most)
    places = {"height_translations": shifts[:, :1], "width_translations": shifts[:, 1:]}
    return layer.augment_images(images, transformations=places)


def shear(images, seed, *, axis: str, most: float):
    """Shear along an axis by up to `most`, the shift in pixels per row ("x") or column ("y")."""
    layer = keras_cv.layers.RandomShear(most, most, fill_mode="constant", fill_value=0.0)
    slopes = {"shear_x": None, "shear_y": None, f"shear_{axis}": _within(images, seed, (1,), most)}
    return layer.augment_images(images, transformations=slopes)


def brightness(images, seed):
    """Add one value, at most 6 % of the range either way, to every pixel of the cell."""
    layer = keras_cv.layers.RandomBrightness(_BRIGHTNESS)
    shifts = 255 * _within(images, seed, (1, 1, 1), _BRIGHTNESS)
    return _inside_cell(images, layer.augment_images(images, transformations=shifts))


def contrast(images, seed, *, most: float = _CONTRAST):
    """Scale each channel about its mean by 1 plus or minus up to `most`, inside the cell."""
    layer = keras_cv.layers.RandomContrast(value_range=(0, 255), factor=most)
    factors = 1 + _within(images, seed, (1, 1, 1), most)
    return _inside_cell(images, layer.augment_images(images, transformations=factors))


class RandomGamma(keras_cv.layers.VectorizedBaseImageAugmentationLayer):
    """Gamma correction `255 (x / 255) ** gamma`, which keras-cv lacks; black stays black."""

    def augment_images(self, images, transformations, **kwargs):
        """Apply an exponent to each image: `(b, h, w, 3)` in [0, 255], exponents `(b, 1, 1, 1)`."""
        return 255 * tf.pow(images / 255, transformations)


def gamma(images, seed):
    """Apply a gamma correction with an exponent between .78 and 1.28."""
    exponents = tf.exp(_within(images, seed, (1, 1, 1), _GAMMA))
    return RandomGamma().augment_images(images, transformations=exponents)


def exposure(images, seed, *, most: float):
    """Multiply by 1 plus or minus up to `most`: black stays black."""
    return tf.clip_by_value(images * (1 + _within(images, seed, (1, 1, 1), most)), 0, 255)


def colour(images, seed, *, most: float):
    """Move every pixel towards its grey value, or away from it, by up to `most`; 1 gives grey."""
    layer = keras_cv.layers.RandomColorDegeneration(most)
    return layer.augment_images(images, transformations=_within(images, seed, (1, 1, 1), most))


def sharpness(images, seed, *, most: float):
    """Move the cell towards its blurred image, or away from it, by up to the share `most`."""
    layer = keras_cv.layers.RandomSharpness(most, value_range=(0, 255))
    blends = _within(images, seed, (1, 1, 1), most)
    return _inside_cell(images, layer.augment_images(images, transformations=blends))


def _uniform(images, seed, shape: tuple[int, ...]):
    """Sample from [0, 1) for each image: `(b, *shape)`."""
    return tf.random.stateless_uniform((tf.shape(images)[0], *shape), seed)


def _within(images, seed, shape: tuple[int, ...], most: float):
    """Sample from [-most, most) for each image: `(b, *shape)`."""
    return most * (2 * _uniform(images, seed, shape) - 1)


def _inside_cell(before, after):
    """Return the recoloured cell on the old background, which stays exactly black."""
    cell = tf.reduce_any(before > 0, axis=-1, keepdims=True)
    return tf.where(cell, after, before)
