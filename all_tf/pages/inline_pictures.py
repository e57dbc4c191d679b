"""Pictures that stand in a page, as data URIs."""

import base64
import io
from pathlib import Path

from PIL import Image

_QUALITY = 82
_MOST_PIXELS = (1100, 4500)  # Of a picture that was filed: about half a megabyte.


def as_uri(image: Image.Image) -> str:
    """A picture as JPEG, with nothing of its file but the pixels."""
    out = io.BytesIO()
    image.convert("RGB").save(out, "JPEG", quality=_QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode()


def read_uri(path: Path) -> str | None:
    """A picture that was filed, shrunk where it is large; None where it cannot be read."""
    try:
        with Image.open(path) as file:
            file.thumbnail(_MOST_PIXELS)
            return as_uri(file)
    except OSError:
        return None
