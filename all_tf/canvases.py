"""The canvas of each cell: decoded when it is first asked for, kept where memory allows."""

import math
from collections.abc import Callable, Sequence
from threading import Lock
from typing import NamedTuple
from weakref import WeakSet

import numpy as np
import psutil
import tensorflow as tf
from PIL import Image

from all_tf.cells import Cells
from all_tf.config import SLIDE_SIDE, View
from all_tf.progress import say
from tfrecords.png import Box, decode_boxes

_MEMORY_SHARE = 0.5  # Of the free memory, that decoded canvases may take.
_ALIGNMENT = 64  # Bytes; TensorFlow takes such memory as it lies.
_CHUNK_IMAGES = 8  # Decoded and resized together.

# (indices int64 (b,)) -> canvases uint8 (b, c, c, 3).
Lookup = Callable[[tf.Tensor], tf.Tensor]


def canvas_lookup(cells: Cells, view: View, *, title: str) -> Lookup:
    """From indices to canvases, decoded at their first use and kept where memory allows.

    Kept is what is not black, a quarter of a canvas. Where half of the free memory is full of that,
    the other canvases are decoded at each use, and a line says so. The result is the same either
    way. Nothing is decoded yet when this returns.

    Args:
        cells: Whose PNGs are decoded.
        view: Its crop is cut from the centre and resized to its canvas.
        title: What messages call these cells.
    """
    return _Canvases(cells.pngs, view, title).look_up


class _Drawing(NamedTuple):
    """What of a canvas is not black."""

    rows: slice
    columns: slice
    pixels: np.ndarray  # uint8 (h, w, 3).


class _Canvases:
    """Drawings, made one after another as they are asked for, and laid on black each time."""

    def __init__(self, pngs: np.ndarray, view: View, title: str):
        self._pngs, self._view, self._title = pngs, view, title
        self._kept: list[_Drawing | None] = [None] * len(pngs)
        self._num_kept = self._kept_bytes = 0
        self._allowed_bytes = _MEMORY_SHARE * _free_memory()
        self._full = False
        self._lock = Lock()  # Batches are looked up side by side.
        _IN_USE.add(self)

    def look_up(self, indices: tf.Tensor) -> tf.Tensor:
        canvases = tf.numpy_function(self._draw, [indices], tf.uint8)
        side = self._view.canvas
        return tf.ensure_shape(canvases, (*indices.shape, side, side, 3))

    def _draw(self, indices: np.ndarray) -> np.ndarray:
        drawings = {index: self._kept[index] for index in indices.tolist()}
        missing = [index for index, drawing in drawings.items() if drawing is None]
        for start in range(0, len(missing), _CHUNK_IMAGES):
            chunk = missing[start : start + _CHUNK_IMAGES]
            drawn = dict(zip(chunk, _draw_some(self._pngs[chunk], self._view), strict=True))
            drawings |= drawn
            self._keep(drawn)
        side = self._view.canvas
        canvases = _black((len(indices), side, side, 3))
        for canvas, index in zip(canvases, indices.tolist(), strict=True):
            rows, columns, pixels = drawings[index]
            canvas[rows, columns] = pixels
        return canvases

    def _keep(self, drawn: dict[int, _Drawing]) -> None:
        with self._lock:
            for index, drawing in drawn.items():
                if self._full or self._kept[index] is not None:
                    continue
                if self._kept_bytes + drawing.pixels.nbytes > self._allowed_bytes:
                    self._full = True
                    say(
                        f"{self._title}: decoded images fill half of the free memory "
                        f"({self._allowed_bytes / 2**30:.1f} GiB); {self._num_missing:,} of "
                        f"{len(self._kept):,} are decoded in every epoch."
                    )
                else:
                    self._kept[index] = drawing
                    self._num_kept += 1
                    self._kept_bytes += drawing.pixels.nbytes

    @property
    def promised_bytes(self) -> int:
        """Of memory that the system takes for free, and that may be used here yet."""
        at_most = self._num_missing * 3 * self._view.canvas**2
        return 0 if self._full else min(at_most, self._allowed_bytes - self._kept_bytes)

    @property
    def _num_missing(self) -> int:
        return len(self._kept) - self._num_kept


_IN_USE: WeakSet[_Canvases] = WeakSet()


def _free_memory() -> int:
    """Bytes that are neither taken nor promised to drawings that are still to be made."""
    return psutil.virtual_memory().available - sum(others.promised_bytes for others in _IN_USE)


def _black(shape: tuple[int, ...]) -> np.ndarray:
    """A uint8 array of zeros at a multiple of 64 bytes, which TensorFlow does not copy."""
    num_bytes = math.prod(shape)
    memory = np.zeros(num_bytes + _ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % _ALIGNMENT
    return memory[start : start + num_bytes].reshape(shape)


def _draw_some(pngs: Sequence[bytes], view: View) -> list[_Drawing]:
    """Decode slides and resize them for their canvases, as `Image.resize` does.

    Its triangle is as wide as the scale asks for, which `tf.image.resize(antialias=True)` equals
    but for rounding. Spared is the black around the cell, three quarters of a slide.
    """
    boxes = decode_boxes(pngs, margin=math.ceil(2 * _reach(view)))
    return [_resized(box, view) for box in boxes]


def _resized(cell: Box, view: View) -> _Drawing:
    height, width, _ = cell.pixels.shape
    rows, columns = _side(cell.top, height, view), _side(cell.left, width, view)
    size = (columns.num_pixels, rows.num_pixels)
    if not all(size):
        return _Drawing(slice(0), slice(0), np.zeros((0, 0, 3), np.uint8))
    pixels = Image.fromarray(cell.pixels[rows.source, columns.source])
    box = (columns.start, rows.start, columns.stop, rows.stop)
    resized = pixels.resize(size, Image.Resampling.BILINEAR, box=box)
    return _Drawing(rows.target, columns.target, np.asarray(resized))


class _Side(NamedTuple):
    """From left to right, or from top to bottom: what is resized, and to where."""

    source: slice  # Of the box that was decoded.
    target: slice  # Of the canvas: pixels that look at nothing but the source.
    start: float  # Where the target begins, in pixels from where the source begins.
    stop: float

    @property
    def num_pixels(self) -> int:
        return self.target.stop - self.target.start


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
