"""Decoding and resizing of the part of an image that is not black."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

from all_tf.config.experiment import NATIVE_SIDE, View
from tfrecords.codec.png import Box, decode_boxes


class CellBox(NamedTuple):
    """The box of a canvas that is not black."""

    rows: slice
    columns: slice
    pixels: np.ndarray  # uint8 (h, w, 3).


def decode_and_resize(pngs: Sequence[bytes], view: View) -> list[CellBox]:
    """Decode images and resize them, as Pillow's `Image.resize` does.

    Its triangle filter is as wide as the scale requires, as that of `tf.image.resize` with
    `antialias=True`, which differs only by rounding. The black around the cell, three quarters of
    an image, is not decoded. Libdeflate and Pillow release Python's global lock while they work.

    Args:
        pngs: Images of 450 px a side; several in one call cost less than one by one.
        view: Sides of the central crop and of the canvas.

    Raises:
        BitmapError: A PNG is damaged or not of 450 px a side.
    """
    boxes = decode_boxes(pngs, margin=math.ceil(2 * _reach(view)))
    return [_resized(box, view) for box in boxes]


def seen_images(pngs: Sequence[bytes], view: View) -> np.ndarray:
    """What a network sees of images when it scores: uint8 `(n, output, output, 3)`.

    The pixels are those of `all_tf.data.batches.evaluation_batches`.

    Args:
        pngs: As `decode_and_resize` takes them.
        view: Sides of the central crop, of the canvas and of the output.

    Raises:
        BitmapError: As `decode_and_resize`.
    """
    canvases = np.zeros((len(pngs), view.canvas, view.canvas, 3), np.uint8)
    for canvas, box in zip(canvases, decode_and_resize(pngs, view), strict=True):
        canvas[box.rows, box.columns] = box.pixels
    return canvases[:, view.window, view.window]


def _resized(cell: Box, view: View) -> CellBox:
    height, width, _ = cell.pixels.shape
    rows, columns = _side(cell.top, height, view), _side(cell.left, width, view)
    size = (columns.num_pixels, rows.num_pixels)
    if not all(size):
        return CellBox(slice(0), slice(0), np.zeros((0, 0, 3), np.uint8))
    pixels = Image.fromarray(cell.pixels[rows.source, columns.source])
    box = (columns.start, rows.start, columns.stop, rows.stop)
    resized = pixels.resize(size, Image.Resampling.BILINEAR, box=box)
    return CellBox(rows.target, columns.target, np.asarray(resized))


class _Side(NamedTuple):
    """One side of a box, horizontal or vertical: which pixels are resized, and to where."""

    source: slice  # Of the decoded box.
    target: slice  # Of the canvas: pixels that depend only on the source.
    start: float  # Begin of the target, in pixels from the begin of the source.
    stop: float  # End of the target, in pixels from the begin of the source.

    @property
    def num_pixels(self) -> int:
        return self.target.stop - self.target.start


def _side(start: int, length: int, view: View) -> _Side:
    """Return a side of a box in an image; the canvas outside the target is black."""
    scale, reach = view.crop / view.canvas, _reach(view)
    edge = (NATIVE_SIDE - view.crop) // 2
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
    """Return the half width of the resizing filter, in pixels of the image at native scale."""
    return max(view.crop / view.canvas, 1)
