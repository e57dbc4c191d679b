"""Images as a notebook has them, as files or as arrays, made the cells that networks score."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from PIL import Image

from all_tf.api.set_options import AnyPath

if TYPE_CHECKING:
    from all_tf.data.image_files import NewCells

Images: TypeAlias = AnyPath | Sequence[AnyPath] | np.ndarray


def require_some(images: Images) -> None:
    """Raise if images are given as paths of which none exists.

    Raises:
        FileNotFoundError: None exists.
    """
    if isinstance(images, np.ndarray):
        return
    paths = _paths(images)
    if not any(path.exists() for path in paths):
        raise FileNotFoundError(f"No such image or folder: {', '.join(map(str, paths))}")


def _paths(images: AnyPath | Sequence[AnyPath]) -> list[Path]:
    return [Path(path) for path in ([images] if isinstance(images, str | Path) else images)]


def cells_of(images: Images, ranges: dict[str, tuple[float, float]] | None) -> "NewCells":
    """Read or take images, and measure them.

    Args:
        images: A file, a folder, several of these; or uint8 `(n, h, w, 3)` or `(h, w, 3)`.
        ranges: The ranges of the training set (`read_range`); None if they are not known.

    Raises:
        ValueError: The arrays are no images.
    """
    from all_tf.data.image_files import measure_new_cells, read_new_cells  # Loads TensorFlow.

    if not isinstance(images, np.ndarray):
        return read_new_cells(_paths(images), ranges)
    several = images[np.newaxis] if images.ndim == 3 else images
    if several.ndim != 4 or several.shape[-1] != 3 or several.dtype != np.uint8:
        raise ValueError(
            "Expected paths, or images as uint8 (n, h, w, 3) in [0, 255]. "
            f"Received: {images.dtype} of shape {images.shape}"
        )
    named = [(f"image {place}", Image.fromarray(each)) for place, each in enumerate(several)]
    return measure_new_cells(named, ranges)
