"""From cells to batches: the order of an epoch, padding and masks."""

import os

import keras
import numpy as np
import tensorflow as tf

from all_tf.config.experiment import View
from all_tf.data.canvas_cache import Lookup
from all_tf.data.cells import Cells
from all_tf.data.class_balance import Plan
from all_tf.system.inflight_calls import InFlightCalls

_MOST_IMAGES_AT_ONCE = 1024  # Of the batches that are being made: 300 MB at 300 px.


def epoch_order(cells: Cells, plan: Plan, *, seed: int, epoch: int) -> np.ndarray:
    """The order in which an epoch shows its images: a pure function of seed and epoch.

    Args:
        cells: Labelled.
        plan: Without `draws` every image is shown once. With them, each image is shown as often as
            its weight asks for, rounded up or down.
        seed: Of the run.
        epoch: From 0.

    Returns:
        int64 indices into `cells`, `(n,)` or `(sum(plan.draws),)`.
    """
    rng = np.random.default_rng([seed, epoch])
    if plan.draws is None:
        return rng.permutation(len(cells))
    drawn = []
    for label, count in enumerate(plan.draws):
        members = rng.permutation(np.flatnonzero(cells.labels == label))
        _, group, sizes = np.unique(cells.groups[members], return_inverse=True, return_counts=True)
        repeats = _repeats(sizes[group] ** -plan.group_power, count, rng)
        drawn.append(np.repeat(members, repeats))
    return rng.permutation(np.concatenate(drawn))


def _repeats(weights: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Whole numbers in proportion to weights, each rounded up or down, `count` in sum.

    Systematic sampling: Madow, 1949, Annals of Mathematical Statistics 20(3).
    """
    marks = np.cumsum(weights) * count / np.sum(weights) + rng.random()
    marks[-1] = count  # Not a rounding error away from it.
    return np.diff(np.floor(marks).astype(np.int64), prepend=0)


def images_in_epoch(cells: Cells, plan: Plan) -> int:
    """How many images an epoch shows, repeated ones counted again."""
    return len(cells) if plan.draws is None else sum(plan.draws)


def steps_in_epoch(cells: Cells, plan: Plan, *, batch_size: int) -> int:
    """Batches an epoch, the padded last one included."""
    return -(-images_in_epoch(cells, plan) // batch_size)


def training_batches(
    cells: Cells,
    plan: Plan,
    *,
    lookup: Lookup,
    batch_size: int,
    seed: int,
    epochs: range,
) -> tf.data.Dataset:
    """One dataset over several epochs, so that an epoch's first batch is ready when it begins.

    Args:
        cells: Labelled; not empty.
        plan: Which of them an epoch shows how often.
        lookup: Of their canvases.
        batch_size: Over all devices.
        seed: Of the run.
        epochs: Which ones; a resumed run begins later.

    Returns:
        `(canvas uint8 (b, c, c, 3), label float32 (b, 1), mask float32 (b,))`, `steps_in_epoch`
        batches an epoch. The last of each epoch is filled up with repeated images of mask 0; an
        epoch smaller than a batch is a batch.
    """
    batch_size = _no_larger_than_needed(batch_size, images_in_epoch(cells, plan))
    steps = steps_in_epoch(cells, plan, batch_size=batch_size)

    calls = InFlightCalls()

    def order(epoch: np.ndarray) -> np.ndarray:
        with calls:
            return _padded(epoch_order(cells, plan, seed=seed, epoch=int(epoch)), batch_size)

    def draw_order(epoch: tf.Tensor) -> tf.Tensor:
        return tf.ensure_shape(tf.numpy_function(order, [epoch], tf.int64), (steps, batch_size))

    # Not `from_generator`, which changes how memory is allocated in the whole process: from then on
    # malloc asks the system for each block of more than 128 KiB and gives it back.
    orders = tf.data.Dataset.range(epochs.start, epochs.stop).map(draw_order).unbatch()
    return _batches(orders, cells, lookup)


def evaluation_batches(
    cells: Cells, *, lookup: Lookup, view: View, batch_size: int
) -> tf.data.Dataset:
    """The cells once, in their order, none dropped: the centre of each canvas.

    Returns:
        As `training_batches`, but images `(b, s, s, 3)` of the view's output. Unpublished labels
        are 0 there: whoever scores looks at those of the cells.
    """
    batch_size = _no_larger_than_needed(batch_size, len(cells))
    margin = (view.canvas - view.output) // 2
    window = slice(margin, margin + view.output)
    order = tf.data.Dataset.from_tensor_slices(_padded(np.arange(len(cells)), batch_size))
    batches = _batches(order, cells, lookup)
    return batches.map(lambda images, labels, mask: (images[:, window, window], labels, mask))


def _no_larger_than_needed(batch_size: int, num_images: int) -> int:
    """Of the batches; still a multiple of the devices between which Keras divides them on JAX."""
    shared = keras.distribution.distribution()
    devices = shared.num_model_replicas if shared else 1
    return min(batch_size, -(-num_images // devices) * devices)


def _padded(order: np.ndarray, batch_size: int) -> np.ndarray:
    """Batches of indices `(steps, batch_size)`; -1 fills up the last one."""
    missing = -len(order) % batch_size
    return np.pad(order, (0, missing), constant_values=-1).reshape(-1, batch_size)


def _batches(order: tf.data.Dataset, cells: Cells, lookup: Lookup) -> tf.data.Dataset:
    """From batches of indices to batches of images; each processor looks one up."""
    labels = tf.constant(np.maximum(cells.labels, 0), tf.float32)

    def look_up(indices):
        valid = indices >= 0
        indices = tf.maximum(indices, 0)
        label = tf.gather(labels, indices)[:, tf.newaxis]
        return lookup(indices), label, tf.cast(valid, tf.float32)

    at_once = max(1, _MOST_IMAGES_AT_ONCE // order.element_spec.shape[0])
    at_once = min(at_once, os.cpu_count())
    return order.map(look_up, num_parallel_calls=at_once).prefetch(tf.data.AUTOTUNE)
