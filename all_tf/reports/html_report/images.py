"""Images as data URIs for a page: small ones of cells, and files that were saved in a run."""

import base64
import io
from collections.abc import Collection
from pathlib import Path
from typing import cast

from PIL import Image

from all_tf.plots.cell_images import cell_image
from all_tf.system.progress import track
from all_tf.system.tensorflow_import import load_tensorflow

_SIDE = 144  # Pixels; an image then takes about 4 KB.


def picture_cells(
    records: Path, split: str, names: Collection[str], *, crop: int
) -> dict[str, str]:
    """JPEGs of cells as data URIs, by the names of the cells.

    Args:
        records: A records directory.
        split: A split of the records.
        names: Of cells; a cell that is not in the split is left out.
        crop: The side of the centre that is shown, in pixels of an image.

    Raises:
        RecordsError: The records are missing or damaged.
    """
    load_tensorflow()  # Here, since it takes seconds that a page without images does not need.
    from tfrecords.store.reader import load_examples

    uri_of_name = {}
    for example in load_examples(records, split, progress=track):
        name = str(example["name"])
        if name in names:
            image = cell_image(cast("memoryview", example["image"]), crop=crop, side=_SIDE)
            uri_of_name[name] = as_uri(Image.fromarray(image))
    return uri_of_name


_QUALITY = 82
_MOST_PIXELS = (1100, 4500)  # Of a saved image: about half a megabyte.


def as_uri(image: Image.Image) -> str:
    """An image as a JPEG that holds nothing of its file but the pixels."""
    out = io.BytesIO()
    image.convert("RGB").save(out, "JPEG", quality=_QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode()


def read_uri(path: Path) -> str | None:
    """A saved image, reduced if it is large; None if it cannot be read."""
    try:
        with Image.open(path) as file:
            file.thumbnail(_MOST_PIXELS)
            return as_uri(file)
    except OSError:
        return None
