"""The work of the reading processes: picture files are decoded and measured, without TensorFlow."""

import io
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from PIL import Image

from all_tf.data.measured_images import MeasuredImage, decode_files, measure_images
from tfrecords.codec.pictures import PICTURE_FORMATS
from tfrecords.codec.png import encode_png

NamedContent = tuple[str, bytes]  # The name and the content of a file.
_SMALLER = 2  # Times, of a thumbnail.
_NO_SCALE = "Give the micrometres a pixel (microns_per_pixel)"


class ReadPictures(NamedTuple):
    """Cells of some picture files."""

    measured: list[MeasuredImage]
    problems: list[str]  # "NAME: REASON" of what is not among them.
    thumbnails: list[bytes]  # PNG of 225 px for each cell; empty where none were asked for.
    notes: list[str]  # Of fields: their scale, and how many cells were found.
    num_pixels: int = 0  # Of the pictures. If there are more than allowed, nothing else is given.
    sources: Sequence[str] = ()  # The name of the picture file of each cell.

    def followed_by(self, others: "ReadPictures") -> "ReadPictures":
        """These pictures, then others."""
        return ReadPictures(
            self.measured + others.measured,
            self.problems + others.problems,
            self.thumbnails + others.thumbnails,
            self.notes + others.notes,
            self.num_pixels + others.num_pixels,
            [*self.sources, *others.sources],
        )


def read_cells(
    files: Sequence[NamedContent], *, thumbnails: bool, most_pixels: int
) -> ReadPictures:
    """Read pictures of one cell each, as predict.py does."""
    num_pixels = _count_pixels(files)
    if num_pixels > most_pixels:
        return ReadPictures([], [], [], [], num_pixels)
    problems: list[str] = []
    named = ((name, partial(bytes, content)) for name, content in files)
    measured = list(measure_images(decode_files(named, problems), problems))
    sources = [each.name for each in measured]
    small = _thumbnails(measured, wanted=thumbnails)
    return ReadPictures(measured, problems, small, [], num_pixels, sources)


def _count_pixels(files: Sequence[NamedContent]) -> int:
    """Pixels that pictures say they have, none for what is no picture; nothing is decoded."""
    return sum(_pixels_of(content) for _, content in files)


def _pixels_of(content: bytes) -> int:
    try:
        with Image.open(io.BytesIO(content), formats=PICTURE_FORMATS) as image:
            return image.width * image.height
    except Exception:  # Whatever a damaged header leads to; the strict reader says why.
        return 0


def read_fields(
    files: Sequence[NamedContent],
    *,
    microns_per_pixel: float | None,
    thumbnails: bool,
    most_pixels: int,
) -> ReadPictures:
    """Cut the cells out of fields, as cut_cells.py does, and read them."""
    num_pixels = _count_pixels(files)
    if num_pixels > most_pixels:
        return ReadPictures([], [], [], [], num_pixels)
    try:
        from all_tf.fields.cut_in_memory import cut_in_memory, field_of
        from all_tf.fields.cutting_plan import CutSettings
    except ImportError:
        missing = "fields cannot be cut into cells: this server lacks the extra 'fields' of all_tf"
        return ReadPictures([], [f"{name}: {missing}" for name, _ in files], [], [])
    cells, summary = cut_in_memory(files, CutSettings(microns_per_pixel, advice=_NO_SCALE))
    problems = list(summary.problems)
    measured = list(measure_images(cells, problems))
    notes = [f"Scale: {scale}" for scale in summary.scales]
    notes.append(
        f"Fields: {summary.num_fields}; cells cut out: {summary.num_cut}; at the edge, left out: "
        f"{summary.num_at_edge}; larger than 450 px, left out: {summary.num_too_large}."
    )
    sources = [field_of(each.name) for each in measured]
    small = _thumbnails(measured, wanted=thumbnails)
    return ReadPictures(measured, problems, small, notes, num_pixels, sources)


def _thumbnails(measured: Sequence[MeasuredImage], *, wanted: bool) -> list[bytes]:
    return [_thumbnail(each.png) for each in measured] if wanted else []


def _thumbnail(png: bytes) -> bytes:
    with Image.open(io.BytesIO(png), formats=("PNG",)) as image:
        return encode_png(image.convert("RGB").reduce(_SMALLER))
