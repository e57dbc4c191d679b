"""The canvas of each cell: decoded when it is first asked for, kept where memory allows."""

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from threading import Lock
from weakref import WeakSet

import numpy as np
import tensorflow as tf

from all_tf.config.experiment import View
from all_tf.data.cells import Cells
from all_tf.data.image_decoding import CellBox, decode_and_resize
from all_tf.system.free_memory import free_memory
from all_tf.system.inflight_calls import InFlightCalls
from all_tf.system.progress import say

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


class _Canvases:
    """Drawings, made one after another as they are asked for, and laid on black each time."""

    def __init__(self, pngs: np.ndarray, view: View, title: str):
        self._pngs, self._view, self._title = pngs, view, title
        self._kept: list[CellBox | None] = [None] * len(pngs)
        self._kept_bytes = 0
        self._allowed_bytes = _MEMORY_SHARE * _unpromised_memory()
        self._full = False
        self._lock = Lock()  # Batches are looked up side by side.
        self._calls = InFlightCalls()
        _IN_USE.add(self)

    def look_up(self, indices: tf.Tensor) -> tf.Tensor:
        canvases = tf.numpy_function(self._answer, [indices], tf.uint8)
        side = self._view.canvas
        return tf.ensure_shape(canvases, (*indices.shape, side, side, 3))

    def _answer(self, indices: np.ndarray) -> np.ndarray:
        with self._calls:
            return self._draw(indices)

    def _draw(self, indices: np.ndarray) -> np.ndarray:
        drawings = {index: self._kept[index] for index in indices.tolist()}
        missing = [index for index, drawing in drawings.items() if drawing is None]
        starts = range(0, len(missing), _CHUNK_IMAGES)
        chunks = [missing[start : start + _CHUNK_IMAGES] for start in starts]
        # To hand images over costs a tenth of what it costs to draw them. But where TensorFlow asks
        # for one batch after another, as with deterministic ops, threads have to help.
        map_over = map if self._calls.most >= os.cpu_count() else _threads().map
        for drawn in map_over(self._draw_some, chunks):
            drawings |= drawn
        side = self._view.canvas
        canvases = _black((len(indices), side, side, 3))
        for canvas, index in zip(canvases, indices.tolist(), strict=True):
            rows, columns, pixels = drawings[index]
            canvas[rows, columns] = pixels
        return canvases

    def _draw_some(self, indices: list[int]) -> dict[int, CellBox]:
        drawings = decode_and_resize(self._pngs[indices], self._view)
        drawn = dict(zip(indices, drawings, strict=True))
        self._keep(drawn)
        return drawn

    def _keep(self, drawn: dict[int, CellBox]) -> None:
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
                    self._kept_bytes += drawing.pixels.nbytes

    @property
    def promised_bytes(self) -> int:
        """Of memory that the system takes for free, and that may be used here yet."""
        at_most = self._num_missing * 3 * self._view.canvas**2
        return 0 if self._full else min(at_most, self._allowed_bytes - self._kept_bytes)

    @property
    def _num_missing(self) -> int:
        return sum(drawing is None for drawing in self._kept)


_IN_USE: WeakSet[_Canvases] = WeakSet()


def _unpromised_memory() -> int:
    """Bytes that are neither taken nor promised to drawings that are still to be made."""
    return max(free_memory() - sum(others.promised_bytes for others in _IN_USE), 0)


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.cpu_count())


def _black(shape: tuple[int, ...]) -> np.ndarray:
    """A uint8 array of zeros at a multiple of 64 bytes, which TensorFlow does not copy."""
    num_bytes = math.prod(shape)
    memory = np.zeros(num_bytes + _ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % _ALIGNMENT
    return memory[start : start + num_bytes].reshape(shape)
