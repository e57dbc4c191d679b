"""Mixing: each image of a batch with its neighbour, and their labels in the same shares.

keras-cv has both, but draws with state, and its CutMix counts the part of a box that lies outside
the image as pasted.
"""

from collections.abc import Callable, Sequence
from functools import partial

import tensorflow as tf

# A mix: (images float32 (b, s, s, 3), labels float32 (b, 1), seed (2,)) -> images, labels.
Mix = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]

_MIXUP_ALPHA = 0.2
_CUTMIX_ALPHA = 1.0  # Evenly from 0 to 1.


def mixup(images, labels, seed):
    """Blend each image with its neighbour.

    Zhang et al., 2018, arXiv:1710.09412. The share of the image itself is drawn from Beta(.2, .2)
    and its complement, whichever is larger. With partners of the same distribution that gives the
    same mixtures, and each image is mostly itself once an epoch.
    """
    share = _beta(_MIXUP_ALPHA, tf.shape(images)[0], seed)
    share = tf.maximum(share, 1 - share)
    shares = share[:, tf.newaxis, tf.newaxis, tf.newaxis]
    images = shares * images + (1 - shares) * _neighbours(images)
    return images, _shared(labels, share)


def cutmix(images, labels, seed):
    """Paste a box of each image's neighbour over the same place.

    Yun et al., 2019, arXiv:1905.04899: the box has the image's proportions, the share 1 - lambda
    of its area with lambda from Beta(1, 1), and its centre anywhere. The labels' shares are those
    of the cells' visible pixels. The paper takes those of the areas, which is the same where an
    image has no background; here a box of black would count as a piece of the neighbour's cell.
    """
    side, num_images = images.shape[1], tf.shape(images)[0]
    area_seed, place_seed = tf.unstack(tf.random.split(seed, 2))
    kept = _beta(_CUTMIX_ALPHA, num_images, area_seed)
    half = tf.sqrt(1 - kept)[:, tf.newaxis] * side / 2
    centres = side * tf.random.stateless_uniform((num_images, 2), place_seed)
    first = tf.cast(tf.maximum(tf.round(centres - half), 0), tf.int32)  # Row and column.
    last = tf.cast(tf.minimum(tf.round(centres + half), side), tf.int32)  # One beyond.
    line = tf.range(side)
    inside = (line >= first[..., tf.newaxis]) & (line < last[..., tf.newaxis])  # (b, 2, s).
    box = inside[:, 0, :, tf.newaxis, tf.newaxis] & inside[:, 1, tf.newaxis, :, tf.newaxis]
    cells = tf.reduce_any(images > 0, axis=-1, keepdims=True)
    own = tf.math.count_nonzero(cells & ~box, axis=(1, 2, 3), dtype=tf.float32)
    pasted = tf.math.count_nonzero(_neighbours(cells) & box, axis=(1, 2, 3), dtype=tf.float32)
    share = 1 - tf.math.divide_no_nan(pasted, own + pasted)
    return tf.where(box, _neighbours(images), images), _shared(labels, share)


MIXES: dict[str, Mix] = {"mixup": mixup, "cutmix": cutmix}


def random_choice(mixes: Sequence[Mix]) -> Mix:
    """One mix a batch, drawn evenly."""

    def mix(images, labels, seed):
        choice_seed, mix_seed = tf.unstack(tf.random.split(seed, 2))
        choice = tf.random.stateless_uniform((), choice_seed, maxval=len(mixes), dtype=tf.int32)
        return tf.switch_case(choice, [partial(each, images, labels, mix_seed) for each in mixes])

    return mix


def _neighbours(rows):
    """For each row the one before it, for the first one the last.

    An epoch's order is random already, so a neighbour is a random partner, and never the row
    itself, as in a shuffled batch. Of the rows that fill up an epoch's last batch, repeats of one
    training image, just one is a partner of a row that counts.
    """
    return tf.roll(rows, shift=1, axis=0)


def _shared(labels, share):
    share = share[:, tf.newaxis]
    return share * labels + (1 - share) * _neighbours(labels)


def _beta(alpha: float, num_draws, seed):
    """Draws from Beta(alpha, alpha), `(num_draws,)`: the share of one of two gamma variates."""
    first, second = tf.unstack(tf.random.stateless_gamma((2, num_draws), seed, alpha))
    return tf.math.divide_no_nan(first, first + second)  # Both may underflow to 0.
