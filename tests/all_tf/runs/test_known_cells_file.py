"""known_cells.json comes back as it was written; damage is named, and nothing in it is run."""

import json

import numpy as np
import pytest

from all_tf.runs.folder import RunError
from all_tf.runs.known_cells_file import (
    KNOWN_CELLS_FILE,
    KnownCells,
    KnownFeatures,
    read_known_cells,
    write_known_cells,
)

RANGE = {
    "ellipsoids": {"size": {"mean": [1.0, 2.0], "precision": [[1.0, 0], [0, 1.0]], "limit": 3.0}},
    "magnification": {"weights": [0.5, -0.5], "bias": 0.1, "low": -0.2, "high": 0.2},
}


@pytest.fixture
def known() -> KnownCells:
    rng = np.random.default_rng(0)
    mean, axes = (rng.normal(size=size).astype(np.float32) for size in (5, (5, 3)))
    cells = rng.normal(size=(4, 3)).astype(np.float16).astype(np.float32)
    features = (mean, axes, cells, np.array([0, 1, 1, 0]), ["ALL-01", "HEM-01"])
    return KnownCells(RANGE, KnownFeatures(*features, 2.5, "train fold 0", 30))


def test_file_gives_back_what_was_written(known, tmp_path):
    write_known_cells(tmp_path, known)
    read = read_known_cells(tmp_path)
    assert read.range == RANGE
    for key, value in vars(known.features).items():
        np.testing.assert_array_equal(getattr(read.features, key), value)


def test_run_without_the_file_has_none(tmp_path):
    assert read_known_cells(tmp_path) is None


def change(content, *keys, to):
    for key in keys[:-1]:
        content = content[key]
    content[keys[-1]] = to


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (("features", "cells"), "AAAA"),
        (("features", "cells"), "not base 64"),
        (("features", "cells"), ""),
        (("features", "mean"), "AADAfwAAwH8AAMB/AADAfwAAwH8="),  # NaN.
        (("features", "axes"), "AACAfw=="),  # Infinite.
        (("features", "patient_of_cell"), [0, 1, 2, 0]),
        (("features", "patient_of_cell"), [0, 1, -1, 0]),
        (("features", "patient_of_cell"), []),
        (("features", "patients"), "ALL-01"),
        (("features", "limit"), "1"),
        (("features", "limit"), -1),
        (("features",), []),
        (("range", "ellipsoids", "size", "mean"), [1.0]),
        (("range", "ellipsoids", "size", "precision"), [[1.0, 0]]),
        (("range", "magnification", "low"), 9.0),
        (("range", "magnification", "weights"), "0.5"),
        (("more",), 1),
    ],
)
def test_damage_is_refused_with_the_name_of_the_file(keys, value, known, tmp_path):
    write_known_cells(tmp_path, known)
    path = tmp_path / KNOWN_CELLS_FILE
    content = json.loads(path.read_text())
    change(content, *keys, to=value)
    path.write_text(json.dumps(content))
    with pytest.raises(RunError, match="known_cells.json is damaged"):
        read_known_cells(tmp_path)


@pytest.mark.parametrize("data", [b"", b"{", b"\x80\x04K\x01.", b"[]", b'{"range": NaN}'])
def test_file_that_is_no_such_object_is_refused(data, tmp_path):
    (tmp_path / KNOWN_CELLS_FILE).write_bytes(data)
    with pytest.raises(RunError, match="known_cells.json"):
        read_known_cells(tmp_path)


def test_link_is_refused(known, tmp_path):
    write_known_cells(tmp_path, known)
    (tmp_path / KNOWN_CELLS_FILE).rename(tmp_path / "elsewhere.json")
    (tmp_path / KNOWN_CELLS_FILE).symlink_to("elsewhere.json")
    with pytest.raises(RunError, match="symbolic link"):
        read_known_cells(tmp_path)
