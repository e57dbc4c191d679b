"""From cells to batches: canvases, the order of an epoch, padding and masks."""

import math
from collections.abc import Callable, Iterator

import numpy as np
import psutil
import tensorflow as tf

from all_tf.cells import Cells
from all_tf.config import View
from all_tf.imbalance import Plan
from all_tf.progress import bar

_MEMORY_SHARE = 0.5  # Of the free memory, that decoded canvases may take.
_DECODE_BATCH = 64
_ALIGNMENT = 64  # Bytes; TensorFlow's ops rely on it.

# (indices int64 (b,)) -> canvases uint8 (b, c, c, 3).
Lookup = Callable[[tf.Tensor], tf.Tensor]


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
    batch_size = min(batch_size, images_in_epoch(cells, plan))

    def orders() -> Iterator[np.ndarray]:
        for epoch in epochs:
            yield _padded(epoch_order(cells, plan, seed=seed, epoch=epoch), batch_size)

    steps = steps_in_epoch(cells, plan, batch_size=batch_size)
    return _batches(orders, cells, lookup, batch_size, num_batches=steps * len(epochs))


def evaluation_batches(
    cells: Cells, *, lookup: Lookup, view: View, batch_size: int
) -> tf.data.Dataset:
    """The cells once, in their order, none dropped: the centre of each canvas.

    Returns:
        As `training_batches`, but images `(b, s, s, 3)` of the view's output. Unpublished labels
        are 0 there: whoever scores looks at those of the cells.
    """
    batch_size = min(batch_size, len(cells))

    def orders() -> Iterator[np.ndarray]:
        yield _padded(np.arange(len(cells)), batch_size)

    margin = (view.canvas - view.output) // 2
    window = slice(margin, margin + view.output)
    num_batches = -(-len(cells) // batch_size)
    batches = _batches(orders, cells, lookup, batch_size, num_batches=num_batches)
    return batches.map(lambda images, labels, mask: (images[:, window, window], labels, mask))


def _padded(order: np.ndarray, batch_size: int) -> np.ndarray:
    """Batches of indices `(steps, batch_size)`; -1 fills up the last one."""
    missing = -len(order) % batch_size
    return np.pad(order, (0, missing), constant_values=-1).reshape(-1, batch_size)


def _batches(
    orders: Callable[[], Iterator[np.ndarray]],
    cells: Cells,
    lookup: Lookup,
    batch_size: int,
    *,
    num_batches: int,
) -> tf.data.Dataset:
    labels = tf.constant(np.maximum(cells.labels, 0), tf.float32)

    def look_up(indices):
        valid = indices >= 0
        indices = tf.maximum(indices, 0)
        label = tf.gather(labels, indices)[:, tf.newaxis]
        return lookup(indices), label, tf.cast(valid, tf.float32)

    # An epoch at a time: Python asked for each batch would hold up what it takes to gather one.
    signature = tf.TensorSpec((None, batch_size), tf.int64)
    return (
        tf.data.Dataset.from_generator(orders, output_signature=signature)
        .unbatch()
        .apply(tf.data.experimental.assert_cardinality(num_batches))
        .map(look_up, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
        .prefetch(tf.data.AUTOTUNE)
    )


def canvas_lookup(cells: Cells, view: View, *, title: str) -> Lookup:
    """From indices to canvases: decoded once and kept where memory allows, else at each use.

    The result is the same either way; keeping it is ten times faster after the first epoch.

    Args:
        cells: Whose PNGs are decoded.
        view: Its crop is cut from the centre and resized to its canvas.
        title: What the progress bar calls these cells.
    """
    needed = len(cells) * view.canvas**2 * 3
    allowed = _MEMORY_SHARE * psutil.virtual_memory().available
    if needed <= allowed:
        return _kept_canvases(cells, view, title=title)
    print(
        f"{title}: {needed / 2**30:.1f} GiB of decoded images do not fit in half of the free "
        f"memory ({allowed / 2**30:.1f} GiB); they are decoded in every epoch."
    )
    with tf.device("CPU"):
        pngs = tf.constant(cells.pngs)
    return lambda indices: tf.map_fn(
        lambda png: _canvas(png, view), tf.gather(pngs, indices), fn_output_signature=tf.uint8
    )


def _kept_canvases(cells: Cells, view: View, *, title: str) -> Lookup:
    canvases = _aligned((len(cells), view.canvas, view.canvas, 3))
    decoded = (
        tf.data.Dataset.from_tensor_slices(cells.pngs)
        .map(lambda png: _canvas(png, view), num_parallel_calls=tf.data.AUTOTUNE)
        .batch(_DECODE_BATCH)
        .prefetch(tf.data.AUTOTUNE)
    )
    done = 0
    with bar(f"decoding {title}", len(cells)) as shown:
        for batch in decoded.as_numpy_iterator():
            canvases[done : done + len(batch)] = batch
            done += len(batch)
            shown.update(len(batch))
    # On the CPU: gigabytes that an accelerator has no room for. A constant would be a second copy.
    kept = tf.experimental.dlpack.from_dlpack(canvases.__dlpack__())
    return lambda indices: tf.gather(kept, indices)


def _aligned(shape: tuple[int, ...]) -> np.ndarray:
    """An empty uint8 array at a multiple of 64 bytes, which TensorFlow can take as it lies."""
    num_bytes = math.prod(shape)
    memory = np.empty(num_bytes + _ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % _ALIGNMENT
    return memory[start : start + num_bytes].reshape(shape)


def _canvas(png: tf.Tensor, view: View) -> tf.Tensor:
    """Decode one slide and bring its centre to the canvas: uint8 `(c, c, 3)`."""
    image = tf.io.decode_png(png, channels=3)
    top, left = (tf.shape(image)[0] - view.crop) // 2, (tf.shape(image)[1] - view.crop) // 2
    image = image[top : top + view.crop, left : left + view.crop]
    if view.canvas != view.crop:
        size = (view.canvas, view.canvas)
        image = tf.round(tf.image.resize(image, size, antialias=True))
    return tf.ensure_shape(tf.cast(image, tf.uint8), (view.canvas, view.canvas, 3))
