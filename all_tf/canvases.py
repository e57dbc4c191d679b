"""The canvas of each cell: decoded when it is first asked for, kept where memory allows."""

import math
import os
from collections.abc import Callable
from functools import cache, partial
from multiprocessing.pool import ThreadPool
from typing import NamedTuple
from weakref import WeakSet

import numpy as np
import psutil
import tensorflow as tf
from PIL import Image

from all_tf.cells import Cells
from all_tf.config import SLIDE_SIDE, View
from tfrecords.png import decode_box

_MEMORY_SHARE = 0.5  # Of the free memory, that decoded canvases may take.
_ALIGNMENT = 64  # Bytes; TensorFlow's ops rely on it.

# (indices int64 (b,)) -> canvases uint8 (b, c, c, 3).
Lookup = Callable[[tf.Tensor], tf.Tensor]


def canvas_lookup(cells: Cells, view: View, *, title: str) -> Lookup:
    """From indices to canvases, decoded at their first use and kept where memory allows.

    Else they are decoded at each use. The result is the same either way, and so is the time of the
    first epoch; later ones are some forty times faster where canvases are kept. Nothing is decoded
    yet when this returns.

    Args:
        cells: Whose PNGs are decoded.
        view: Its crop is cut from the centre and resized to its canvas.
        title: What messages call these cells.
    """
    canvas = (view.canvas, view.canvas, 3)
    needed, allowed = len(cells) * math.prod(canvas), _MEMORY_SHARE * _free_memory()
    if needed <= allowed:
        return _Kept(cells.pngs, view).look_up
    print(
        f"{title}: {needed / 2**30:.1f} GiB of decoded images do not fit in half of the free "
        f"memory ({allowed / 2**30:.1f} GiB); they are decoded in every epoch."
    )

    def decode(indices: np.ndarray) -> np.ndarray:
        canvases = _black((len(indices), *canvas))
        _draw_all(cells.pngs[indices], view, canvases)
        return canvases

    return lambda indices: tf.ensure_shape(
        tf.numpy_function(decode, [indices], tf.uint8), (*indices.shape, *canvas)
    )


class _Kept:
    """Canvases in black memory, drawn one after another as they are asked for."""

    def __init__(self, pngs: np.ndarray, view: View):
        self._pngs, self._view = pngs, view
        self._canvases = _black((len(pngs), view.canvas, view.canvas, 3))
        self._drawn = np.zeros(len(pngs), bool)
        # On the CPU: gigabytes that an accelerator has no room for. A constant would be a copy.
        self._tensor = tf.experimental.dlpack.from_dlpack(self._canvases.__dlpack__())
        _KEPT.add(self)

    def look_up(self, indices: tf.Tensor) -> tf.Tensor:
        drawn = tf.numpy_function(self._draw, [indices], tf.int64)
        return tf.gather(self._tensor, tf.ensure_shape(drawn, indices.shape))

    def _draw(self, indices: np.ndarray) -> np.ndarray:
        missing = np.unique(indices[~self._drawn[indices]])
        canvases = [self._canvases[index] for index in missing]
        _draw_all(self._pngs[missing], self._view, canvases)
        self._drawn[missing] = True
        return indices

    @property
    def unused_bytes(self) -> int:
        """Of memory that the system takes for free, until it is drawn on."""
        return int(np.sum(~self._drawn)) * math.prod(self._canvases.shape[1:])


_KEPT: WeakSet[_Kept] = WeakSet()  # All that are in use.


def _free_memory() -> int:
    """Bytes that are neither taken nor going to be, by canvases that are still to be drawn."""
    return psutil.virtual_memory().available - sum(kept.unused_bytes for kept in _KEPT)


def _black(shape: tuple[int, ...]) -> np.ndarray:
    """A uint8 array of zeros at a multiple of 64 bytes, which TensorFlow can take as it lies."""
    num_bytes = math.prod(shape)
    memory = np.zeros(num_bytes + _ALIGNMENT, np.uint8)
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
    cell = decode_box(png, margin=math.ceil(2 * _reach(view)))
    height, width, _ = cell.pixels.shape
    rows, columns = _side(cell.top, height, view), _side(cell.left, width, view)
    part = canvas[rows.target, columns.target]
    if part.size:
        pixels = Image.fromarray(cell.pixels[rows.source, columns.source])
        box = (columns.start, rows.start, columns.stop, rows.stop)
        part[:] = pixels.resize(part.shape[1::-1], Image.Resampling.BILINEAR, box=box)


class _Side(NamedTuple):
    """From left to right, or from top to bottom: what is resized, and to where."""

    source: slice  # Of the box that was decoded.
    target: slice  # Of the canvas: pixels that look at nothing but the source.
    start: float  # Where the target begins, in pixels from where the source begins.
    stop: float


def _side(start: int, length: int, view: View) -> _Side:
    """Along a side of a box in a slide. What the target leaves out of the canvas is black."""
    scale, reach = view.crop / view.canvas, _reach(view)
    edge = (SLIDE_SIDE - view.crop) // 2
    first, last = max(start - edge, 0), min(start - edge + length, view.crop)
    begin = math.ceil((first + reach) / scale - 0.5) if first > 0 else 0
    end = math.floor((last - reach) / scale + 0.5) if last < view.crop else view.canvas
    return _Side(
        slice(first + edge - start, max(last + edge - start, 0)),
        slice(begin, max(end, begin)),
        begin * scale - first,
        end * scale - first,
    )


def _reach(view: View) -> float:
    """How far a pixel of the canvas looks to each side of its middle, in pixels of the slide."""
    return max(view.crop / view.canvas, 1)
