"""Images of a notebook, as files or arrays, made the cells that networks score; their patients."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeGuard

import numpy as np
from PIL import Image

from all_tf.api.set_options import AnyPath
from all_tf.data.patient_column import FOLDER, PatientOf, checked_patients, patient_lookup

if TYPE_CHECKING:
    from all_tf.data.image_files import NewCells

Images: TypeAlias = AnyPath | np.ndarray | Iterable[AnyPath | np.ndarray]


def checked_images(images: Images) -> list[Path] | list[np.ndarray]:
    """The images that were given, in any of the forms that `TrainedClassifier.predict` takes.

    Returns:
        Paths, of which one exists at least; or arrays, uint8 `(h, w, 3)`.

    Raises:
        FileNotFoundError: None of the paths exists.
        ValueError: There are no images, or the arrays are none.
    """
    several = _listed(images)
    if not several:
        raise ValueError(f"Expected one image at least. Received: {_described(images)}")
    paths = [Path(each) for each in several if isinstance(each, str | Path)]
    if len(paths) == len(several):
        if not any(path.exists() for path in paths):
            raise FileNotFoundError(f"No such image or folder: {', '.join(map(str, paths))}")
        return paths
    arrays = [each for each in several if _is_image(each)]
    if len(arrays) == len(several):
        return arrays
    wrong = next(each for each in several if not _is_image(each))
    raise ValueError(
        "Expected paths, or images as uint8 (n, h, w, 3) or (h, w, 3) in [0, 255]. Received: "
        + _described(images if isinstance(images, np.ndarray) else wrong)
    )


def cells_of(
    images: list[Path] | list[np.ndarray], ranges: dict[str, tuple[float, float]] | None
) -> "NewCells":
    """Read or take images, and measure them.

    Args:
        images: As `checked_images` returns them.
        ranges: The ranges of the training set (`read_range`); None if they are not known.
    """
    from all_tf.data.image_files import measure_new_cells, read_new_cells  # Loads TensorFlow.

    paths = [each for each in images if isinstance(each, Path)]
    if paths:
        return read_new_cells(paths, ranges)
    named = [
        (f"image {place}", Image.fromarray(each))
        for place, each in enumerate(images)
        if isinstance(each, np.ndarray)
    ]
    return measure_new_cells(named, ranges)


def patient_function(
    patients: AnyPath | Callable[[str], object] | None, images: list[Path] | list[np.ndarray]
) -> PatientOf | None:
    """A function from the name of an image to its patient, empty where it gives none; or None.

    Args:
        patients: As `TrainedClassifier.predict` takes it.
        images: As `checked_images` returns them.

    Raises:
        ValueError: Arrays have no folder that could name their patient.
        TableError, OSError: As `patient_lookup` has them.
    """
    if patients is None:
        return None
    if not isinstance(patients, str | Path):
        return checked_patients(patients)
    if str(patients) == FOLDER and not isinstance(images[0], Path):
        raise ValueError(
            "Expected images in folders, which name their patients. Received: arrays, with "
            f'patients="{FOLDER}". Pass a function from "image 0", "image 1" and so on to the '
            "patient, or leave patients out"
        )
    return patient_lookup(str(patients))


def _listed(images: object) -> list[object]:
    one_array = isinstance(images, np.ndarray) and images.ndim <= 3
    if one_array or isinstance(images, bytes) or not isinstance(images, Iterable | str | Path):
        return [images]
    return [images] if isinstance(images, str | Path) else list(images)


def _is_image(image: object) -> TypeGuard[np.ndarray]:
    return (
        isinstance(image, np.ndarray)
        and image.dtype == np.uint8
        and image.ndim == 3
        and image.shape[-1] == 3
        and image.size > 0
    )


def _described(image: object) -> str:
    if isinstance(image, np.ndarray):
        return f"{image.dtype} of shape {image.shape}"
    return type(image).__name__
