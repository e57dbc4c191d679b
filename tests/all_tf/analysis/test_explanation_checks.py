"""Cells are picked for a reason that holds, and what is said of a map is what a slow look finds."""

import numpy as np
import pytest
from scipy import stats

from all_tf.analysis.explanation_checks import (
    explanation_verdict,
    pick_cells,
    rank_correlation,
    share_inside,
)
from all_tf.metrics.predictions import Predictions

LABELS = np.repeat((0, 1), 50)
LOGITS = np.random.default_rng(0).standard_normal(100) + LABELS
NAMES = np.arange(100).astype(str)
PREDICTIONS = Predictions(NAMES, NAMES, NAMES, LABELS, LOGITS)


def picked(num_images: int, logits=LOGITS, seed: int = 0):
    own = Predictions(NAMES, NAMES, NAMES, LABELS, logits)
    picks = pick_cells(own, own.decisions(0.5), num_images=num_images, seed=seed)
    return [pick.index for pick in picks], [pick.why for pick in picks]


def test_two_of_each_kind_and_four_at_random_of_twelve():
    indices, whys = picked(12)
    assert len(set(indices)) == 12
    order = np.argsort(LOGITS)
    hem, disease = order[LABELS[order] == 0], order[LABELS[order] == 1]
    expected = [*hem[:2], *hem[:-3:-1], *disease[:-3:-1], *disease[:2]]
    assert indices[:8] == expected
    assert whys == 2 * (2 * ["most confident right"] + 2 * ["worst wrong"]) + 4 * [
        "drawn at random"
    ]


def test_drawn_cells_follow_the_seed():
    assert picked(12)[0] == picked(12)[0]
    assert picked(12)[0][8:] != picked(12, seed=1)[0][8:]


def test_model_without_errors_has_none_to_show_and_the_drawn_fill_up():
    indices, whys = picked(12, logits=10.0 * LABELS - 5)
    assert "worst wrong" not in whys and len(set(indices)) == 12
    assert whys.count("drawn at random") == 8


@pytest.mark.parametrize("num_images", [1, 3, 100, 1000])
def test_never_more_than_asked_for_or_than_there_are(num_images):
    indices, _ = picked(num_images)
    assert len(indices) == len(set(indices)) == min(num_images, 100)


def test_share_inside_is_that_of_the_heat_and_of_no_heat_there_is_none():
    heat = np.array([[1.0, 3.0], [0.0, 4.0]])
    assert share_inside(heat, np.array([[False, True], [True, False]])) == 3 / 8
    assert share_inside(0 * heat, heat > 0) is None


def test_rank_correlation_is_that_of_ranks_whatever_the_sign_and_the_scale():
    rng = np.random.default_rng(0)
    maps, others = rng.standard_normal((2, 3, 5, 5))
    ranks = [[stats.rankdata(x) for x in image] for image in (maps.reshape(3, 25),
                                                              others.reshape(3, 25))]  # fmt: skip
    expected = [abs(np.corrcoef(a, b)[0, 1]) for a, b in zip(*ranks, strict=True)]
    np.testing.assert_allclose(rank_correlation(maps, others), expected)
    np.testing.assert_allclose(rank_correlation(maps, -np.exp(maps)), 1)
    assert rank_correlation(maps, np.ones_like(maps)).tolist() == [0, 0, 0]


def judged(correlation: float, *, shares=(0.9, None, 0.1), decisions=(1, 1, 0)) -> str:
    return explanation_verdict(
        randomised={"all layers": correlation, "last layer": 0.0},
        shares=shares,
        decisions=np.array(decisions),
        covered=0.4,
    )


def test_maps_that_random_weights_draw_too_are_not_to_be_read():
    assert judged(0.6).startswith("Do not read these maps")
    assert judged(0.4).startswith("Read these maps with care")
    assert judged(0.2).startswith("Networks of random weights draw other maps")


def test_share_of_heat_is_told_of_each_class_that_has_any():
    text = judged(0.2)
    assert "90.0 % of the heat for ALL lies inside" in text
    assert "10.0 % of the heat for HEM lies inside" in text
    assert text.endswith("The cells cover 40.0 % of the images.")
    assert "heat for" not in judged(0.2, shares=(None, None, None))
