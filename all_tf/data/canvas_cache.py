"""A cache of canvases: each cell is decoded at its first use and kept if memory allows."""

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
from tfrecords.codec.bmp import BitmapError

_MEMORY_SHARE = 0.5  # Share of the free memory that decoded images may take.
_ALIGNMENT = 64  # Bytes; TensorFlow uses memory with this alignment without a copy.
_CHUNK_IMAGES = 8  # Images that are decoded and resized together.

# (indices int64 (b,)) -> canvases uint8 (b, c, c, 3).
Lookup = Callable[[tf.Tensor], tf.Tensor]


def canvas_lookup(cells: Cells, view: View, *, title: str) -> Lookup:
    """Return a function from indices to canvases, which caches what it decodes.

    Only the part of a canvas that is not black is cached, about a quarter. When the cache fills
    half of the free memory, a message is printed and all further cells are decoded at each use; the
    result is the same. This function itself decodes nothing.

    Args:
        cells: Cells with PNGs.
        view: Sides of the central crop and of the canvas.
        title: Name of these cells in messages.
    """
    return _Canvases(cells, view, title).look_up


class _Canvases:
    """Decoded cell boxes, which are pasted on black canvases at each use."""

    def __init__(self, cells: Cells, view: View, title: str):
        self._pngs, self._names = cells.pngs, cells.names
        self._view, self._title = view, title
        self._cached: list[CellBox | None] = [None] * len(self._pngs)
        self._cached_bytes = 0
        self._allowed_bytes = _MEMORY_SHARE * _unreserved_memory()
        self._full = False
        self._lock = Lock()  # Several threads look up batches.
        self._calls = InFlightCalls()
        _IN_USE.add(self)

    def look_up(self, indices: tf.Tensor) -> tf.Tensor:
        canvases = tf.numpy_function(self._canvases_of, [indices], tf.uint8)
        side = self._view.canvas
        return tf.ensure_shape(canvases, (*indices.shape, side, side, 3))

    def _canvases_of(self, indices: np.ndarray) -> np.ndarray:
        with self._calls:
            boxes = self._boxes_of(indices.tolist())
            side = self._view.canvas
            canvases = _black((len(indices), side, side, 3))
            for canvas, index in zip(canvases, indices.tolist(), strict=True):
                rows, columns, pixels = boxes[index]
                canvas[rows, columns] = pixels
            return canvases

    def _boxes_of(self, indices: list[int]) -> dict[int, CellBox]:
        cached = {index: self._cached[index] for index in indices}
        boxes = {index: box for index, box in cached.items() if box is not None}
        missing = [index for index, box in cached.items() if box is None]
        starts = range(0, len(missing), _CHUNK_IMAGES)
        chunks = [missing[start : start + _CHUNK_IMAGES] for start in starts]
        # A transfer between threads costs a tenth of the decoding. It pays only if TensorFlow
        # requests one batch at a time, as with deterministic operations.
        one_thread_each = self._calls.most >= (os.cpu_count() or 1)
        map_over = map if one_thread_each else _threads().map
        for decoded in map_over(self._decode, chunks):
            boxes |= decoded
        return boxes

    def _decode(self, indices: list[int]) -> dict[int, CellBox]:
        try:
            boxes = decode_and_resize(self._pngs[indices].tolist(), self._view)
        except BitmapError as error:
            names = ", ".join(map(str, self._names[indices]))
            raise BitmapError(f"{self._title}, one of {names}: {error}") from error
        decoded = dict(zip(indices, boxes, strict=True))
        self._cache(decoded)
        return decoded

    def _cache(self, decoded: dict[int, CellBox]) -> None:
        with self._lock:
            for index, box in decoded.items():
                if self._full or self._cached[index] is not None:
                    continue
                if self._cached_bytes + box.pixels.nbytes > self._allowed_bytes:
                    self._full = True
                    say(
                        f"{self._title}: decoded images fill half of the free memory "
                        f"({self._allowed_bytes / 2**30:.1f} GiB); {self._num_missing:,} of "
                        f"{len(self._cached):,} are decoded in every epoch."
                    )
                else:
                    self._cached[index] = box
                    self._cached_bytes += box.pixels.nbytes

    @property
    def reserved_bytes(self) -> float:
        """Bytes that this cache may still allocate, and that the system counts as free."""
        at_most = self._num_missing * 3 * self._view.canvas**2
        return 0 if self._full else min(at_most, self._allowed_bytes - self._cached_bytes)

    @property
    def _num_missing(self) -> int:
        return sum(box is None for box in self._cached)


_IN_USE: WeakSet[_Canvases] = WeakSet()


def _unreserved_memory() -> float:
    """Return the free bytes that no other cache may still allocate."""
    return max(free_memory() - sum(others.reserved_bytes for others in _IN_USE), 0)


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.cpu_count())


def _black(shape: tuple[int, ...]) -> np.ndarray:
    """Return a uint8 array of zeros, aligned to 64 bytes so that TensorFlow does not copy it."""
    num_bytes = math.prod(shape)
    memory = np.zeros(num_bytes + _ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % _ALIGNMENT
    return memory[start : start + num_bytes].reshape(shape)
