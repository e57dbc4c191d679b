"""Ranges of simple features over the training images, and images outside these ranges."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy import ndimage

from all_tf.data.cell_features import cell_mask, foreground
from all_tf.runs.fields import TRAINING_RANGE
from all_tf.runs.folder import write_json
from all_tf.runs.strict_reading import damage_error, read_object
from tfrecords.codec.encoding import fit_center
from tfrecords.schema import IMAGE_SIDE

RANGE_FILE = "training_range.json"
_MOST_IMAGES = 300  # 5 ms each; percentiles vary no more by the sample than between patients.
_PERCENTILES = (0.5, 99.5)
_PATCH = 60  # Side of a patch that lies inside nearly every cell, pixels.
_FINE = 2.0  # Sigma of the blur that removes fine structure, pixels.


class Feature(NamedTuple):
    """One number of an image, and its words in a warning."""

    kind: str  # Kind of the warning.
    text: str  # Of the warning, with a place for the number.
    number: str = ",.0f"  # Format of the number.


RANGE_FEATURES: dict[str, Feature] = {
    "area": Feature("size", "area {} px"),
    "side": Feature("size", "longer side {} px"),
    "red": Feature("colour", "mean red {}"),
    "green": Feature("colour", "mean green {}"),
    "blue": Feature("colour", "mean blue {}"),
    "fine_structure": Feature("scale or focus", "fine structure {}", ".2f"),
    "frame": Feature("background", "{} of the frame not black", ".1%"),
    "outside": Feature("background", "{} px outside the cell not black"),
    "cut": Feature("background", "{} px not black beyond the central 450 px"),
}


def measure_image(image: Image.Image) -> dict[str, float]:
    """Measure the features of an RGB image of any size, by name.

    Some describe the largest piece that is not black in the central 450 px: its area and the longer
    side of its box, in pixels; its mean colour; and the fine structure in its middle, the
    standard deviation of the gray that a Gaussian blur of 2 px removes, which is lower if an image
    is enlarged or out of focus. The others count pixels elsewhere that are not black: the share of
    the outermost pixels of the whole image, the pixels outside the piece, and those outside the
    central 450 px.

    The scale itself cannot be measured: a large cell may be magnified more, or be large.
    """
    whole, pixels = np.asarray(image), np.asarray(fit_center(image, IMAGE_SIDE))
    mask, not_black, anywhere = cell_mask(pixels), foreground(pixels), foreground(whole)
    area = int(np.count_nonzero(mask))
    features = dict.fromkeys(RANGE_FEATURES, 0.0)
    features["frame"] = float(np.mean(_frame(anywhere)))
    features["outside"] = float(np.count_nonzero(not_black) - area)
    features["cut"] = float(np.count_nonzero(anywhere) - np.count_nonzero(not_black))
    if not area:
        return features
    box = ndimage.find_objects(mask.view(np.uint8))[0]
    colours = zip(("red", "green", "blue"), pixels[box][mask[box]].mean(axis=0), strict=True)
    return features | {
        "area": float(area),
        "side": float(max(mask[box].shape)),
        **{name: float(mean) for name, mean in colours},
        "fine_structure": _fine_structure(pixels, box),
    }


def _frame(image: np.ndarray) -> np.ndarray:
    """Return the outermost pixels of an image."""
    return np.concatenate([image[0], image[-1], image[1:-1, 0], image[1:-1, -1]])


def _fine_structure(pixels: np.ndarray, box: tuple[slice, slice]) -> float:
    middle = [max(0, (edge.start + edge.stop - _PATCH) // 2) for edge in box]
    patch = pixels[tuple(slice(start, start + _PATCH) for start in middle)]
    gray = patch.mean(axis=-1, dtype=np.float32)
    return float(np.std(gray - ndimage.gaussian_filter(gray, _FINE)))


def write_range(run: Path, pngs: Sequence[bytes]) -> None:
    """Write the range of each feature over training images, or over 300 of them, to a run.

    Args:
        run: The run's folder.
        pngs: Images as records store them, at least one.
    """
    some = np.random.default_rng(0).permutation(len(pngs))[:_MOST_IMAGES]
    rows = [measure_image(Image.open(io.BytesIO(pngs[index])).convert("RGB")) for index in some]
    ranges = {
        name: np.percentile([row[name] for row in rows], _PERCENTILES).tolist()
        for name in RANGE_FEATURES
    }
    write_json(
        run / RANGE_FILE,
        {"num_images": len(rows), "percentiles": list(_PERCENTILES), "ranges": ranges},
    )


def read_range(run: Path) -> dict[str, tuple[float, float]] | None:
    """Read the lowest and the highest usual value of each feature; None if a run has no ranges.

    Raises:
        RunError: The file is damaged.
    """
    path = run / RANGE_FILE
    if not path.is_file():
        return None
    ranges = read_object(path, TRAINING_RANGE, needed=TRAINING_RANGE)["ranges"]
    if ranges.keys() != RANGE_FEATURES.keys():
        expected = f"Expected {', '.join(RANGE_FEATURES)}."
        raise damage_error(path, None, "ranges", f"{expected} Received: {', '.join(ranges)}")
    return {name: (float(low), float(high)) for name, (low, high) in ranges.items()}


def name_departures(
    features: dict[str, float], ranges: dict[str, tuple[float, float]]
) -> list[str]:
    """Describe the features of an image that lie outside the training range.

    About one in twenty images that are like the training images departs somewhere by chance.

    Returns:
        One text for each kind of feature that departs, such as
        "size: area 60,000 px (training 10,300 to 49,000)".
    """
    texts: dict[str, list[str]] = {}
    for name, feature in RANGE_FEATURES.items():
        low, high = ranges[name]
        if not low <= features[name] <= high:
            value, least, most = (format(x, feature.number) for x in (features[name], low, high))
            text = f"{feature.text.format(value)} (training {least} to {most})"
            texts.setdefault(feature.kind, []).append(text)
    return [f"{kind}: {', '.join(parts)}" for kind, parts in texts.items()]
