"""Augmentation by name: one function of images, labels and step, for the training device."""

from collections.abc import Callable, Sequence

import tensorflow as tf

from all_tf.config.experiment import View
from all_tf.data import image_ops
from all_tf.data.image_ops import Operation
from all_tf.data.mixup import MIXES, random_choice
from all_tf.data.randaugment import randaugment

OPERATIONS: dict[str, Callable[[View], Operation]] = {
    "hflip": lambda view: image_ops.hflip,
    "vflip": lambda view: image_ops.vflip,
    "random_crop": image_ops.random_crop,
    "rotate": lambda view: image_ops.rotate,
    "translate": lambda view: image_ops.translate,
    "brightness": lambda view: image_ops.brightness,
    "contrast": lambda view: image_ops.contrast,
    "gamma": lambda view: image_ops.gamma,
    "randaugment": lambda view: randaugment,
}


def build_augment(names: Sequence[str], *, view: View, seed: int) -> Callable:
    """Build a function that applies the named operations in the order of `OPERATIONS`, then a mix.

    Args:
        names: Keys of `OPERATIONS` and `MIXES`; without any the pixels stay as they are. If there
            are several mixes, each batch uses one of them at random.
        view: Sides of the canvas (input) and of the output.
        seed: Seed of the run.

    Returns:
        `augment(images, labels, step)`, which takes canvases uint8 `(b, c, c, 3)` and labels
        `(b, 1)` and returns images float32 `(b, s, s, 3)` in [0, 255] and labels `(b, 1)`, between
        0 and 1 if mixed. Equal seed, step and batch give an equal result.
    """
    chosen = [make(view) for name, make in OPERATIONS.items() if name in names]
    mixes = [mix for name, mix in MIXES.items() if name in names]

    def augment(images, labels, step):
        # Stateless random operations take a seed of two integers, and there are three.
        def seed_of(index):
            return tf.random.experimental.stateless_fold_in([seed, index], tf.cast(step, tf.int64))

        images = tf.cast(images, tf.float32)
        for index, operation in enumerate(chosen):
            images = operation(images, seed_of(index))
        if mixes:
            images, labels = random_choice(mixes)(images, labels, seed_of(len(chosen)))
        return images, labels

    return augment


def augment_batches(
    batches: tf.data.Dataset, augment: Callable, *, first_step: int
) -> tf.data.Dataset:
    """Augment in the input pipeline instead of in the training step, with the same result.

    This is for a step that sees only a share of a batch: random numbers and mixing partners are
    still those of the whole batch.

    Args:
        batches: `(canvas, labels, mask)`, as `all_tf.data.batches.training_batches` returns them.
        augment: A function that `build_augment` returned.
        first_step: Number of the first batch's step in the whole training.
    """

    def apply(step, batch):
        images, labels, mask = batch
        with image_ops.on_tensorflow():
            images, labels = augment(images, labels, step)
        return images, labels, mask

    numbered = batches.enumerate(start=first_step)
    augmented = numbered.map(apply, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    return augmented.prefetch(tf.data.AUTOTUNE)
