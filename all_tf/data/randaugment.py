"""RandAugment for cells: a few operations an image, drawn from a list.

Cubuk et al., 2019, arXiv:1909.13719. Of its fourteen operations four are left out: equalising and
automatic contrast look at a histogram that is mostly background, solarising turns colours over,
and posterising leaves a cell two or three shades. Ranges at magnitude 10 are those of AutoAugment,
arXiv:1805.09501; the change is drawn evenly from within the range, as in all operations here, where
the paper takes its end.
"""

from functools import partial

import tensorflow as tf

from all_tf.data.image_ops import (
    Operation,
    colour,
    contrast,
    exposure,
    rotate,
    sharpness,
    shear,
    translate,
)

_NUM_ROUNDS = 2  # The paper's N.
_MAGNITUDE = 5 / 10  # The paper's M.


def _keep(images, seed):
    del seed
    return images


POLICY: tuple[Operation, ...] = (
    _keep,
    partial(rotate, most=_MAGNITUDE * 30 / 360),
    partial(shear, axis="x", most=_MAGNITUDE * 0.3),
    partial(shear, axis="y", most=_MAGNITUDE * 0.3),
    partial(translate, most=(0.0, _MAGNITUDE * 150 / 331)),
    partial(translate, most=(_MAGNITUDE * 150 / 331, 0.0)),
    partial(colour, most=_MAGNITUDE * 0.9),
    partial(contrast, most=_MAGNITUDE * 0.9),
    partial(exposure, most=_MAGNITUDE * 0.9),
    partial(sharpness, most=_MAGNITUDE * 0.9),
)


def randaugment(images, seed):
    """Two operations of `POLICY` an image, each drawn evenly, the same one twice allowed."""
    for round_seed in tf.unstack(tf.random.split(seed, _NUM_ROUNDS)):
        images = _one_an_image(images, round_seed)
    return images


def _one_an_image(images, seed):
    """Each operation gets the images that drew it: one pass over the batch, not one for each."""
    choice_seed, *seeds = tf.unstack(tf.random.split(seed, 1 + len(POLICY)))
    num_images = tf.shape(images)[0]
    choices = tf.random.stateless_uniform(
        (num_images,), choice_seed, maxval=len(POLICY), dtype=tf.int32
    )
    rows = tf.dynamic_partition(tf.range(num_images), choices, len(POLICY))
    changed = [
        _of_some(operation, tf.gather(images, chosen), key)
        for operation, chosen, key in zip(POLICY, rows, seeds, strict=True)
    ]
    return tf.ensure_shape(tf.dynamic_stitch(rows, changed), images.shape)


def _of_some(operation: Operation, images, seed):
    """The operation where there is an image, for none is not safe.

    TensorFlow 2.21 gets the sides of an empty convolution wrong, but on some processors only.
    """
    return tf.cond(tf.shape(images)[0] > 0, lambda: operation(images, seed), lambda: images)
