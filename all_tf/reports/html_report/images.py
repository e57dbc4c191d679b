"""Images as data URIs for a page: small ones of cells, and files that were saved in a run."""

import base64
import io
import warnings
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
_MOST_SHOWN = (1100, 4500)  # Pixels of a saved image in a page: about half a megabyte.
_MOST_BYTES, _MOST_PIXELS = 2**25, 5 * 10**7  # Of a saved image: ours have a tenth of each.
_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)


def as_uri(image: Image.Image) -> str:
    """An image as a JPEG that holds nothing of its file but the pixels."""
    out = io.BytesIO()
    image.convert("RGB").save(out, "JPEG", quality=_QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode()


def read_uri(path: Path) -> str | None:
    """A saved PNG, reduced if it is large; None if it is no small PNG, or a link.

    Pillow would open other formats by other programs, such as Ghostscript.
    """
    if path.is_symlink() or not path.is_file() or path.stat().st_size > _MOST_BYTES:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=["PNG"]) as file:
                if file.width * file.height > _MOST_PIXELS:
                    return None
                file.thumbnail(_MOST_SHOWN)
                return as_uri(file)
    except (OSError, ValueError, SyntaxError, EOFError, *_BOMBS):
        return None
