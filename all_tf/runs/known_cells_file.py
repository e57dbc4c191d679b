"""known_cells.json of a run: what its training cells look like, to itself and to its network."""

import base64
import binascii
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from all_tf.runs.fields import KNOWN_CELLS
from all_tf.runs.folder import write_json
from all_tf.runs.strict_reading import damage_error, read_object

KNOWN_CELLS_FILE = "known_cells.json"
_LARGEST = 1e7  # Of a coordinate of the network's standardised features.


@dataclass(frozen=True, eq=False)
class KnownFeatures:
    """Where training cells lie in the space of a network's pooled features."""

    mean: np.ndarray  # float32 (c,), of the pooled features.
    axes: np.ndarray  # float32 (c, k), from features without their mean to coordinates.
    cells: np.ndarray  # float32 (n, k), coordinates of training cells; float16 in the file.
    patient_of_cell: np.ndarray  # int64 (n,), a place in `patients`.
    patients: list[str]  # Pseudonyms.
    limit: float  # A cell whose nearest known one is farther away is refused.
    limit_from: str  # The cells that the limit was set on, in words.
    num_limit_cells: int


@dataclass(frozen=True, eq=False)
class KnownCells:
    """The training cells of a run, as a new cell is compared with them."""

    range: dict  # Plain numbers and lists, as `all_tf.data.known_range.fit_known_range` gives them.
    features: KnownFeatures


def write_known_cells(run: Path, known: KnownCells) -> None:
    """Write known_cells.json of a run: some hundred kilobytes, without a patient's id."""
    features = known.features
    stored = {
        "mean": _text_of(features.mean, "<f4"),
        "axes": _text_of(features.axes, "<f4"),
        "cells": _text_of(features.cells, "<f2"),
        "patient_of_cell": features.patient_of_cell.tolist(),
        "patients": features.patients,
        "limit": features.limit,
        "limit_from": features.limit_from,
        "num_limit_cells": features.num_limit_cells,
    }
    write_json(run / KNOWN_CELLS_FILE, {"range": known.range, "features": stored})


def read_known_cells(run: Path) -> KnownCells | None:
    """Read known_cells.json; None for a run of an earlier version without it.

    Raises:
        RunError: The file is damaged.
    """
    path = run / KNOWN_CELLS_FILE
    if not path.exists() and not path.is_symlink():
        return None
    content = read_object(path, KNOWN_CELLS, needed=KNOWN_CELLS)
    _check_range(path, content["range"])
    return KnownCells(content["range"], _features(path, content["features"]))


def _check_range(path: Path, found: dict) -> None:
    for kind, ellipsoid in found["ellipsoids"].items():
        side, precision = len(ellipsoid["mean"]), ellipsoid["precision"]
        if not side or [len(row) for row in precision] != [side] * side:
            raise damage_error(path, None, kind, "Expected a square precision, as long as mean.")
    if found["magnification"]["low"] > found["magnification"]["high"]:
        raise damage_error(path, None, "magnification", "Expected the lower end first.")


def _features(path: Path, stored: dict) -> KnownFeatures:
    mean = _numbers_of(path, stored, "mean", "<f4")
    axes = _numbers_of(path, stored, "axes", "<f4")
    cells = _numbers_of(path, stored, "cells", "<f2")
    which = np.array(stored["patient_of_cell"], np.int64)
    num_axes = len(axes) // max(1, len(mean))
    if not num_axes or len(axes) != num_axes * len(mean) or len(cells) != num_axes * len(which):
        raise damage_error(path, None, "features", "mean, axes and cells do not fit together.")
    if not len(which) or which.max() >= len(stored["patients"]):
        raise damage_error(path, None, "patient_of_cell", "Expected a place in patients.")
    return KnownFeatures(
        mean,
        axes.reshape(len(mean), num_axes),
        cells.reshape(len(which), num_axes),
        which,
        stored["patients"],
        stored["limit"],
        stored["limit_from"],
        stored["num_limit_cells"],
    )


def _text_of(values: np.ndarray, kind: str) -> str:
    return base64.b64encode(values.astype(kind).tobytes()).decode("ascii")


def _numbers_of(path: Path, stored: dict, field: str, kind: str) -> np.ndarray:
    """float32 `(n,)` of a text that `_text_of` wrote."""
    try:
        data = base64.b64decode(stored[field], validate=True)
        values = np.frombuffer(data, kind).astype(np.float32)
    except (binascii.Error, ValueError) as error:
        raise damage_error(path, None, field, f"{error}.") from error
    if not np.all(np.abs(values) <= _LARGEST):  # Nor NaN.
        raise damage_error(path, None, field, "a number that is not finite, or too large.")
    return values
