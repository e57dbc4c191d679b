"""Cells as small pictures that stand in a page."""

import io
from collections.abc import Collection
from pathlib import Path

from PIL import Image, ImageEnhance

from all_tf.pages.inline_pictures import as_uri
from all_tf.progress import track
from tfrecords.reader import map_examples

_SIDE = 144  # Pixels; a picture then takes about 4 KB.
_BRIGHTER = 1.6  # Than the images are, which are dark.


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
    found = {}
    for example in map_examples(records, split, progress=track):
        if example["name"] in names:
            found[example["name"]] = _picture(example["image"], crop=crop)
    return found


def _picture(png: bytes, *, crop: int) -> str:
    with Image.open(io.BytesIO(png)) as file:
        image = file.convert("RGB")
    left, top = ((side - crop) // 2 for side in image.size)
    image = image.crop((left, top, left + crop, top + crop)).resize((_SIDE, _SIDE))
    return as_uri(ImageEnhance.Brightness(image).enhance(_BRIGHTER))
