"""The canvas of each cell: decoded when it is first asked for, kept where memory allows."""

import io
import math
import os
from collections.abc import Callable
from functools import cache, partial
from multiprocessing.pool import ThreadPool

import numpy as np
import psutil
import tensorflow as tf
from PIL import Image

from all_tf.cells import Cells
from all_tf.config import View
from tfrecords.encoding import fit_center

_MEMORY_SHARE = 0.5  # Of the free memory, that decoded canvases may take.
_ALIGNMENT = 64  # Bytes; TensorFlow's ops rely on it.

# (indices int64 (b,)) -> canvases uint8 (b, c, c, 3).
Lookup = Callable[[tf.Tensor], tf.Tensor]


def canvas_lookup(cells: Cells, view: View, *, title: str) -> Lookup:
    """From indices to canvases: decoded at their first use and kept where memory allows, else at
    each use.

    The result is the same either way, and so is the first epoch; later ones are fifty times faster
    where canvases are kept. Nothing is decoded yet when this returns.

    Args:
        cells: Whose PNGs are decoded.
        view: Its crop is cut from the centre and resized to its canvas.
        title: What messages call these cells.
    """
    shape = (len(cells), view.canvas, view.canvas, 3)
    needed, allowed = math.prod(shape), _MEMORY_SHARE * psutil.virtual_memory().available
    if needed <= allowed:
        return _kept(cells.pngs, view, _black(shape))
    print(
        f"{title}: {needed / 2**30:.1f} GiB of decoded images do not fit in half of the free "
        f"memory ({allowed / 2**30:.1f} GiB); they are decoded in every epoch."
    )

    def decode(indices: np.ndarray) -> np.ndarray:
        canvases = _black((len(indices), *shape[1:]))
        _draw_all(cells.pngs[indices], view, canvases)
        return canvases

    return lambda indices: tf.ensure_shape(
        tf.numpy_function(decode, [indices], tf.uint8), (*indices.shape, *shape[1:])
    )


def _kept(pngs: np.ndarray, view: View, canvases: np.ndarray) -> Lookup:
    """Canvases that are drawn into this black memory one after another, as they are asked for."""
    drawn = np.zeros(len(pngs), bool)

    def draw(indices: np.ndarray) -> np.ndarray:
        missing = np.unique(indices[~drawn[indices]])
        _draw_all(pngs[missing], view, [canvases[index] for index in missing])
        drawn[missing] = True
        return indices

    # On the CPU: gigabytes that an accelerator has no room for. A constant would be a second copy.
    kept = tf.experimental.dlpack.from_dlpack(canvases.__dlpack__())

    def lookup(indices: tf.Tensor) -> tf.Tensor:
        indices = tf.ensure_shape(tf.numpy_function(draw, [indices], tf.int64), indices.shape)
        return tf.gather(kept, indices)

    return lookup


def _black(shape: tuple[int, ...]) -> np.ndarray:
    """A uint8 array of zeros at a multiple of 64 bytes, which TensorFlow can take as it lies.

    It takes its memory now, not page by page as it is used: whoever asks next what is free is told
    the truth.
    """
    num_bytes = math.prod(shape)
    memory = np.empty(num_bytes + _ALIGNMENT, np.uint8)
    memory.fill(0)
    start = -memory.ctypes.data % _ALIGNMENT
    return memory[start : start + num_bytes].reshape(shape)


@cache
def _threads() -> ThreadPool:
    return ThreadPool(os.cpu_count())


def _draw_all(pngs: np.ndarray, view: View, canvases: np.ndarray | list[np.ndarray]) -> None:
    """Draw on all processors: Pillow lets go of Python's lock while it unpacks and resizes."""
    _threads().starmap(partial(_draw, view=view), zip(pngs, canvases, strict=True))


def _draw(png: bytes, canvas: np.ndarray, *, view: View) -> None:
    """Decode one slide and bring its centre to a black canvas, uint8 `(c, c, 3)`.

    The resizing is `Image.resize` with its triangle as wide as the scale asks for, which
    `tf.image.resize(antialias=True)` equals but for rounding. It spares the black around the cell,
    three quarters of a slide, which stays black.
    """
    slide = fit_center(Image.open(io.BytesIO(png)), view.crop)
    box = slide.getbbox()
    if box is None:  # All of it is black.
        return
    scale = view.crop / view.canvas
    reach = max(scale, 1)  # How far a pixel of the canvas looks, in pixels of the slide.
    left, top = (max(math.floor((x - reach) / scale), 0) for x in box[:2])
    right, bottom = (min(math.ceil((x + reach) / scale), view.canvas) for x in box[2:])
    cell = slide.resize(
        (right - left, bottom - top),
        Image.Resampling.BILINEAR,
        box=(left * scale, top * scale, right * scale, bottom * scale),
    )
    canvas[top:bottom, left:right] = np.asarray(cell)
