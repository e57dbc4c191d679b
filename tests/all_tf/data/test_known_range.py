"""Cells outside the range of the training cells are named for what they are unlike in."""

import json

import numpy as np
import pytest
from PIL import Image

from all_tf.data.cell_measures import measure_cell
from all_tf.data.disturbances import DISTURBANCES
from all_tf.data.known_range import KIND_COLUMNS, fit_known_range, magnify, name_unlike
from tfrecords.synthetic.cells import draw_cell


def draw(seeds) -> list[np.ndarray]:
    return [draw_cell(np.random.default_rng(seed), label=seed % 2) for seed in seeds]


@pytest.fixture(scope="module")
def known() -> dict:
    groups = np.array([f"p{seed % 6}" for seed in range(48)])
    return fit_known_range(draw(range(48)), groups)


def kinds(image, known) -> set[str]:
    return {text.split(":")[0] for text in name_unlike(measure_cell(image), known)}


def test_range_is_plain_numbers_that_json_gives_back(known):
    assert json.loads(json.dumps(known, allow_nan=False)) == known
    assert set(known["ellipsoids"]) == {"colour", "focus"}
    assert len(known["magnification"]["weights"]) == 24


def test_cells_like_the_training_cells_are_rarely_outside(known):
    assert np.mean([bool(kinds(cell, known)) for cell in draw(range(100, 130))]) <= 0.2


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("blurred, sigma 2 px", "focus"),
        ("negative", "colour"),
        ("on white", "colour"),
    ],
)
def test_disturbed_cell_is_named_for_its_disturbance(name, kind, known):
    found = [kinds(DISTURBANCES[name](cell), known) for cell in draw(range(200, 206))]
    assert all(kind in each for each in found)


@pytest.mark.parametrize("factor", [0.55, 1.8])
def test_resized_cell_is_refused_and_its_factor_is_seen(factor, known):
    for cell in draw(range(200, 206)):
        resized = magnify(cell, factor, Image.Resampling.BICUBIC)
        assert resized.shape == (450, 450, 3) and "scale" in kinds(resized, known)


def test_text_says_what_was_found_and_what_was_usual(known):
    image = np.zeros((450, 450, 3), np.uint8)
    image[:300, :400] = 250, 0, 10
    texts = name_unlike(measure_cell(image), known)
    assert any(text.startswith("colour: red 250, green 0, blue 10 (training ") for text in texts)


def test_scale_has_as_many_digits_as_set_it_apart(known):
    (cell,) = draw([1])
    measures = measure_cell(cell)
    magnification = dict(known["magnification"])
    log = measures @ np.asarray(magnification["weights"]) + magnification["bias"]
    for outside, shown in ((0.949, "0.949"), (0.94999, "0.94999"), (0.7, "0.70")):
        moved = {"bias": magnification["bias"] + np.log(outside) - log}
        ends = {"low": float(np.log(0.95)), "high": float(np.log(1.04))}
        texts = name_unlike(measures, known | {"magnification": magnification | moved | ends})
        digits = len(shown) - 2
        usual = f"(training {0.95:.{digits}f} to {1.04:.{digits}f})"
        assert f"scale: looks resized {shown} times {usual}" in texts


def test_focus_says_whether_the_edge_or_the_grain_is_unlike(known):
    ellipsoid = known["ellipsoids"]["focus"]
    measures = measure_cell(draw([1])[0])
    mean, columns = np.asarray(ellipsoid["mean"]), KIND_COLUMNS["focus"]
    apart = known | {"ellipsoids": {"focus": ellipsoid | {"precision": np.eye(10).tolist()}}}
    for place, off, said in (
        (0, 99, "sharper edge"), (0, -99, "softer edge"),
        (9, 99, "finer grain"), (9, -99, "coarser grain"),
    ):  # fmt: skip
        measures[columns] = mean
        measures[columns[place]] += off
        text = name_unlike(measures, apart)[0]
        assert text.startswith(f"focus: {said} than in the training cells, ")
        assert text.endswith(f" {99 / ellipsoid['limit']:.1f} times the limit")


def test_cells_of_one_patient_and_equal_cells_have_a_range():
    cells = draw([1]) * 4
    for groups in (["a"] * 4, ["a", "a", "b", "b"]):
        known = fit_known_range(cells, np.array(groups))
        assert np.isfinite(known["magnification"]["low"])
        assert name_unlike(measure_cell(DISTURBANCES["negative"](cells[0])), known)


def test_disturbances_are_seven_that_keep_size_and_type_and_change_the_image():
    (cell,) = draw([5])
    assert len(DISTURBANCES) == 7
    for name, disturb in DISTURBANCES.items():
        after = disturb(cell)
        assert after.shape == cell.shape and after.dtype == np.uint8, name
        assert (after != cell).any(), name
    np.testing.assert_array_equal(DISTURBANCES["negative"](cell), 255 - cell)
    assert (DISTURBANCES["on white"](cell)[0, 0] == 255).all()
