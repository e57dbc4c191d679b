"""Batches of cells: the order of an epoch, padding and masks."""

import os

import keras
import numpy as np
import tensorflow as tf

from all_tf.config.experiment import View
from all_tf.data.canvas_cache import Lookup
from all_tf.data.cells import Cells
from all_tf.data.class_balance import Plan
from all_tf.system.inflight_calls import InFlightCalls

_MOST_IMAGES_AT_ONCE = 1024  # In batches that are made in parallel: 300 MB at 300 px.


def epoch_order(cells: Cells, plan: Plan, *, seed: int, epoch: int) -> np.ndarray:
    """Return the order of an epoch's images, which depends only on seed and epoch.

    Args:
        cells: Labelled cells.
        plan: Without `draws` each image is shown once. With `draws` the number of times is
            proportional to the weight of the image, rounded up or down.
        seed: Seed of the run.
        epoch: Number of the epoch, from 0.

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
    """Return integers proportional to weights, each rounded up or down, whose sum is `count`.

    Systematic sampling: Madow, 1949, Annals of Mathematical Statistics 20(3).
    """
    marks = np.cumsum(weights) * count / np.sum(weights) + rng.random()
    marks[-1] = count  # Rounding errors would make the sum differ from `count`.
    return np.diff(np.floor(marks).astype(np.int64), prepend=0)


def images_in_epoch(cells: Cells, plan: Plan) -> int:
    """Return the number of images in an epoch; repeated ones count each time."""
    return len(cells) if plan.draws is None else sum(plan.draws)


def steps_in_epoch(cells: Cells, plan: Plan, *, batch_size: int) -> int:
    """Return the number of batches in an epoch, including the padded last one."""
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
    """Build one dataset over several epochs, so that each epoch's first batch is ready in time.

    Args:
        cells: Labelled cells, at least one.
        plan: How often an epoch shows each of them.
        lookup: A function that returns their canvases.
        batch_size: Images a batch, over all devices.
        seed: Seed of the run.
        epochs: Numbers of the epochs; those of a resumed run do not begin at 0.

    Returns:
        `(canvas uint8 (b, c, c, 3), label float32 (b, 1), mask float32 (b,))`, `steps_in_epoch`
        batches an epoch. The last batch of an epoch is filled up with repeated images of mask 0;
        an epoch smaller than a batch is one batch.
    """
    batch_size = _no_larger_than_needed(batch_size, images_in_epoch(cells, plan))
    steps = steps_in_epoch(cells, plan, batch_size=batch_size)

    calls = InFlightCalls()

    def order(epoch: np.ndarray) -> np.ndarray:
        with calls:
            return _padded(epoch_order(cells, plan, seed=seed, epoch=int(epoch)), batch_size)

    def draw_order(epoch: tf.Tensor) -> tf.Tensor:
        return tf.ensure_shape(tf.numpy_function(order, [epoch], tf.int64), (steps, batch_size))

    # `from_generator` would change memory allocation in the whole process: after it malloc requests
    # each block of more than 128 KiB from the system and returns it.
    orders = tf.data.Dataset.range(epochs.start, epochs.stop).map(draw_order).unbatch()
    return _batches(orders, cells, lookup)


def evaluation_batches(
    cells: Cells, *, lookup: Lookup, view: View, batch_size: int
) -> tf.data.Dataset:
    """Build a dataset of all cells, once and in their order: the centre of each canvas.

    Args:
        cells: At least one.
        lookup: A function that returns their canvases.
        view: Sides of the canvas and of the output.
        batch_size: Images a batch, over all devices.

    Returns:
        As `training_batches`, but images `(b, s, s, 3)` with the side of the view's output. An
        unpublished label is 0 here; scores must be compared with `cells.labels`.
    """
    batch_size = _no_larger_than_needed(batch_size, len(cells))
    window = view.window
    order = tf.data.Dataset.from_tensor_slices(_padded(np.arange(len(cells)), batch_size))
    batches = _batches(order, cells, lookup)
    return batches.map(lambda images, labels, mask: (images[:, window, window], labels, mask))


def _no_larger_than_needed(batch_size: int, num_images: int) -> int:
    """Return a batch size for so few images; on JAX still a multiple of the number of devices."""
    shared = keras.distribution.distribution()
    devices = shared.num_model_replicas if shared else 1
    return min(batch_size, -(-num_images // devices) * devices)


def _padded(order: np.ndarray, batch_size: int) -> np.ndarray:
    """Return batches of indices `(steps, batch_size)`, the last one filled up with -1."""
    missing = -len(order) % batch_size
    return np.pad(order, (0, missing), constant_values=-1).reshape(-1, batch_size)


def _batches(order: tf.data.Dataset, cells: Cells, lookup: Lookup) -> tf.data.Dataset:
    """Turn batches of indices into batches of images, in parallel on all processors."""
    labels = tf.constant(np.maximum(cells.labels, 0), tf.float32)

    def look_up(indices):
        valid = indices >= 0
        indices = tf.maximum(indices, 0)
        label = tf.gather(labels, indices)[:, tf.newaxis]
        return lookup(indices), label, tf.cast(valid, tf.float32)

    at_once = max(1, _MOST_IMAGES_AT_ONCE // order.element_spec.shape[0])
    at_once = min(at_once, os.cpu_count())
    return order.map(look_up, num_parallel_calls=at_once).prefetch(tf.data.AUTOTUNE)
