"""Cells as small pictures that stand in a page."""

import io
from collections.abc import Collection
from pathlib import Path

import tensorflow_datasets as tfds
from PIL import Image, ImageEnhance

from all_tf.inline_pictures import as_uri
from all_tf.progress import track
from tfrecords.reader import read_examples

_SIDE = 144  # Pixels; a picture then takes about 4 KB.
_BRIGHTER = 1.6  # Than the images are, which are dark.
_READ_BATCH = 64  # Examples.


def picture_cells(
    records: Path, split: str, names: Collection[str], *, crop: int
) -> dict[str, str]:
    """JPEGs as data URIs, by the names of the cells.

    Args:
        records: A records directory.
        split: Of it.
        names: Of cells; one that is not in the split is left out.
        crop: The side that is shown of an image's centre, pixels.

    Raises:
        RecordsError: The records are missing or damaged.
    """
    dataset = read_examples(records, split, decoders={"image": tfds.decode.SkipDecoding()})
    batches = dataset.batch(_READ_BATCH)
    found = {}
    for batch in track(batches.as_numpy_iterator(), f"reading {split}", int(batches.cardinality())):
        for name, png in zip(batch["name"], batch["image"], strict=True):
            if name.decode() in names:
                found[name.decode()] = _picture(png, crop=crop)
    return found


def _picture(png: bytes, *, crop: int) -> str:
    with Image.open(io.BytesIO(png)) as file:
        image = file.convert("RGB")
    left, top = ((side - crop) // 2 for side in image.size)
    image = image.crop((left, top, left + crop, top + crop)).resize((_SIDE, _SIDE))
    return as_uri(ImageEnhance.Brightness(image).enhance(_BRIGHTER))
