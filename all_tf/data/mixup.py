"""MixUp and CutMix: each image of a batch is mixed with its neighbour, and so are their labels.

keras-cv has both, but its random numbers have state, and its CutMix counts the part of a box
outside the image as pasted.
"""

from collections.abc import Callable, Sequence
from functools import partial

import tensorflow as tf

# A mix: (images float32 (b, s, s, 3), labels float32 (b, 1), seed (2,)) -> images, labels.
Mix = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]

_MIXUP_ALPHA = 0.2
_CUTMIX_ALPHA = 1.0  # Uniform from 0 to 1.


def mixup(images, labels, seed):
    """Blend each image with its neighbour.

    Zhang et al., 2018, arXiv:1710.09412. The share of the image itself is a sample of Beta(.2, .2)
    or its complement, whichever is larger. As the partners have the same distribution, the mixtures
    are those of the paper, and each image dominates one mixture in an epoch.
    """
    share = _beta(_MIXUP_ALPHA, tf.shape(images)[0], seed)
    share = tf.maximum(share, 1 - share)
    shares = share[:, tf.newaxis, tf.newaxis, tf.newaxis]
    images = shares * images + (1 - shares) * _neighbours(images)
    return images, _shared(labels, share)


def cutmix(images, labels, seed):
    """Paste a box of each image's neighbour over the same place.

    Yun et al., 2019, arXiv:1905.04899: the box has the image's proportions, the share 1 - lambda
    of its area with lambda from Beta(1, 1), and a random centre. Labels are mixed by the visible
    pixels of each cell. The paper mixes them by area, which is the same for images without a
    background; here a box of black would count as a piece of the neighbour's cell.
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
    """Return a mix that applies one of several, chosen at random for each batch."""

    def mix(images, labels, seed):
        choice_seed, mix_seed = tf.unstack(tf.random.split(seed, 2))
        choice = tf.random.stateless_uniform((), choice_seed, maxval=len(mixes), dtype=tf.int32)
        return tf.switch_case(choice, [partial(each, images, labels, mix_seed) for each in mixes])

    return mix


def _neighbours(rows):
    """Return the row before each row, and the last row for the first.

    The order of an epoch is random, so a neighbour is a random partner; unlike in a shuffled batch,
    it is never the row itself. The padding of an epoch's last batch repeats one training image, and
    only one of its rows is the partner of a row with mask 1.
    """
    return tf.roll(rows, shift=1, axis=0)


def _shared(labels, share):
    share = share[:, tf.newaxis]
    return share * labels + (1 - share) * _neighbours(labels)


def _beta(alpha: float, num_draws, seed):
    """Sample Beta(alpha, alpha), `(num_draws,)`, as the share of one of two gamma variates."""
    first, second = tf.unstack(tf.random.stateless_gamma((2, num_draws), seed, alpha))
    return tf.math.divide_no_nan(first, first + second)  # Both may underflow to 0.
