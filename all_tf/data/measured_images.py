"""Images of new cells, decoded and measured: what can be done without TensorFlow."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeAlias

import numpy as np
from PIL import Image

from all_tf.data.cell_measures import measure_cell
from all_tf.data.training_range import measure_image
from tfrecords.codec.bmp import BitmapError
from tfrecords.codec.pictures import decode_picture, fit_center
from tfrecords.codec.png import encode_png
from tfrecords.schema import IMAGE_SIDE

NamedFile: TypeAlias = tuple[str, Callable[[], bytes]]  # A file's name, and what reads it.


class MeasuredImage(NamedTuple):
    """An image as records store it, and what is measured of it."""

    name: str
    png: bytes  # The central 450 px, with black around smaller ones.
    features: dict[str, float]  # Of `measure_image`.
    measures: np.ndarray  # float64 (24,), of `measure_cell`.


def decode_files(
    files: Iterable[NamedFile], problems: list[str]
) -> Iterator[tuple[str, Image.Image]]:
    """Yield the name and the pixels of each file, strictly decoded.

    Args:
        files: The files.
        problems: Is given "NAME: REASON" for each file that cannot be read.
    """
    for name, read in files:
        try:
            yield name, decode_picture(read())
        except (OSError, BitmapError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            problems.append(f"{name}: {reason}")


def measure_images(
    images: Iterable[tuple[str, Image.Image]], problems: list[str]
) -> Iterator[MeasuredImage]:
    """Measure images that have been decoded.

    Args:
        images: A name and an RGB image of any size, each.
        problems: Is given a line for each image without a cell.
    """
    for name, image in images:
        features = measure_image(image)
        if not features["area"]:
            problems.append(f"{name}: its central {IMAGE_SIDE} px are black: no cell")
            continue
        central = fit_center(image, IMAGE_SIDE)
        yield MeasuredImage(name, encode_png(central), features, measure_cell(np.asarray(central)))
