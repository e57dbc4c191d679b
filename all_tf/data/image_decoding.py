"""Slides decoded and brought to the size of their canvases: what of them is not black."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

from all_tf.config.experiment import SLIDE_SIDE, View
from tfrecords.codec.png import Box, decode_boxes


class CellBox(NamedTuple):
    """What of a canvas is not black."""

    rows: slice
    columns: slice
    pixels: np.ndarray  # uint8 (h, w, 3).


def decode_and_resize(pngs: Sequence[bytes], view: View) -> list[CellBox]:
    """Decode slides and resize them, as `Image.resize` does.

    Its triangle is as wide as the scale asks for, which `tf.image.resize(antialias=True)` equals
    but for rounding. Spared is the black around the cell, three quarters of a slide. Libdeflate and
    Pillow let go of Python's lock while they work.

    Args:
        pngs: Slides of 450 px a side; some at once cost less than one by one.
        view: Its crop is cut from the centre and resized to its canvas.

    Raises:
        deflate.DeflateError, OSError: A damaged PNG.
    """
    boxes = decode_boxes(pngs, margin=math.ceil(2 * _reach(view)))
    return [_resized(box, view) for box in boxes]


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
