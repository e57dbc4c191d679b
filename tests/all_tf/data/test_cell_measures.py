"""What is measured of a cell follows its size, colour and focus, each in its own measures."""

import numpy as np
import pytest

from all_tf.data.cell_measures import MEASURES, measure_cell
from all_tf.data.disturbances import DISTURBANCES
from tfrecords.synthetic.cells import draw_cell

NAMES = [name for names in MEASURES.values() for name in names]


def by_name(image: np.ndarray) -> dict[str, float]:
    return dict(zip(NAMES, measure_cell(image), strict=True))


@pytest.fixture(scope="module")
def cell() -> np.ndarray:
    return draw_cell(np.random.default_rng(3), label=1)


def test_measures_of_a_square_are_those_it_was_drawn_with():
    image = np.zeros((450, 450, 3), np.uint8)
    image[100:200, 50:150] = 90, 30, 60
    found = by_name(image)
    assert np.exp([found["area"], found["side"]]) == pytest.approx([10_000, 100])
    assert np.expm1([found[f"mean_{c}"] for c in "rgb"]) == pytest.approx([90, 30, 60], rel=1e-5)
    assert [found[f"sd_{c}"] for c in "rgb"] == pytest.approx([0, 0, 0], abs=1e-5)
    assert [found[name] for name in MEASURES["edge"]] == pytest.approx([60 / 61] * 5)
    assert [found[name] for name in MEASURES["texture"]] == pytest.approx([np.log(1e-2)] * 6)


def test_factor_of_brightness_shifts_the_colour_and_leaves_sharpness(cell):
    before, after = by_name(cell), by_name(DISTURBANCES["1.3 times as bright"](cell))
    for channel in "rgb":
        shift = after[f"mean_{channel}"] - before[f"mean_{channel}"]
        assert shift == pytest.approx(np.log(1.3), abs=0.02)
    for name in MEASURES["sharpness"]:
        assert after[name] == pytest.approx(before[name], abs=0.1)
    assert after["area"] == before["area"]


def test_blur_softens_the_edge_and_takes_the_fine_bands_away(cell):
    before, after = by_name(cell), by_name(DISTURBANCES["blurred, sigma 2 px"](cell))
    assert after["band1"] < before["band1"] - 0.5 and after["band2"] < before["band2"] - 0.5
    assert after["ring2"] < 0.8 * before["ring2"]


@pytest.mark.parametrize("size", [1, 2, 10])
@pytest.mark.parametrize("place", [0, 220])
def test_tiny_cells_and_images_without_black_have_finite_measures(size, place):
    image = np.zeros((450, 450, 3), np.uint8)
    image[place : place + size, place : place + size] = 255
    assert np.isfinite(measure_cell(image)).all()
    assert np.isfinite(measure_cell(255 - image)).all()
