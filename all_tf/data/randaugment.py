"""RandAugment for cells: two random operations of a list, for each image.

Cubuk et al., 2019, arXiv:1909.13719. Four of its fourteen operations are left out: equalising and
automatic contrast use a histogram that is mostly background, solarising inverts colours, and
posterising leaves a cell two or three shades. Ranges at magnitude 10 are those of AutoAugment,
arXiv:1805.09501. The change is uniform within the range, as in all operations here; the paper uses
the end of the range.
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
    """Apply two operations of `POLICY` to each image, chosen uniformly and with replacement."""
    for round_seed in tf.unstack(tf.random.split(seed, _NUM_ROUNDS)):
        images = _one_an_image(images, round_seed)
    return images


def _one_an_image(images, seed):
    """Apply one random operation to each image; an operation sees only the images it applies to."""
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
    """Apply an operation unless there are no images.

    On some processors TensorFlow 2.21 computes the sides of an empty convolution wrongly.
    """
    return tf.cond(tf.shape(images)[0] > 0, lambda: operation(images, seed), lambda: images)
