"""Which of several runs is best, which are not significantly worse, which cannot be compared."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from all_tf.reports.comparison import (
    best_runs,
    compare_runs,
    groups_by_images,
    list_groups,
    on_records,
    pairs_with_best,
    runs_near_best,
)
from all_tf.reports.run_facts import read_facts
from all_tf.runs.folder import read_metrics, write_json
from tests.written_runs import draw_predictions, write_run


def blurred(predictions, scale: float):
    """The same cells, scored worse."""
    noise = np.random.default_rng(3).normal(0, scale, len(predictions))
    return replace(predictions, logits=predictions.logits + noise, calibrated_scores=None)


@pytest.fixture
def runs(tmp_path):
    """A good run, its equal, a poor one, and one that was evaluated on half of the images."""
    good = draw_predictions()
    sets = {
        "good": good,
        "equal": good,
        "poor": blurred(good, 6),
        "half": blurred(draw_predictions(cells=60), 6),
    }
    return [read_facts(write_run(tmp_path / name, evaluated=cells)) for name, cells in sets.items()]


def names(runs) -> list[str]:
    return [run.name for run in runs]


def test_runs_that_share_the_best_value_are_all_best(runs):
    assert names(best_runs(runs, "f1")) == ["good", "equal"]


def test_run_on_other_images_is_in_no_pair_and_not_shown_to_be_worse(runs):
    pairs = pairs_with_best(runs, "f1")
    assert [(pair.first.name, pair.second.name) for pair in pairs] == [
        ("good", "equal"),
        ("good", "poor"),
    ]
    assert names(runs_near_best(runs, "f1")) == ["half"]
    assert names(runs_near_best(runs[:1] + runs[2:3], "kappa")) == []


def test_pair_says_which_run_is_better_in_which_metrics(runs):
    good, _, poor, _ = runs
    pair = compare_runs(poor, good)
    assert pair.better_by(("f1", "auc")) == [("poor", []), ("good", ["f1", "auc"])]


def test_runs_are_grouped_by_their_images_in_their_order(runs):
    groups = groups_by_images(runs)
    assert [names(group) for group in groups] == [["good", "equal", "poor"], ["half"]]
    assert list_groups(groups) == "good, equal, poor on 120; half on 60"


def test_set_that_was_scored_with_views_or_another_calibration_is_called_so(tmp_path):
    run = write_run(tmp_path / "run", evaluated=draw_predictions())
    report = read_metrics(run / "evaluation/validation")
    other = {"records_name": "Kyiv", "records_sha256": "b" * 64}
    place = run / "evaluation/Kyiv-bbbbbbbbbbbb"
    more = {"tta": 8, "calibration": "lab"}
    for name, how in (("validation-calibrated-lab-tta-8", more), ("validation-z", {})):
        shutil.copytree(run / "evaluation/validation", place / name)
        write_json(place / name / "metrics.json", report | other | how)
    facts = on_records(read_facts(run), "Kyiv")
    assert facts.row()["set"] == "validation"  # By itself, where there is such a result.
    shutil.rmtree(place / "validation-z")
    facts = on_records(read_facts(run), "Kyiv")
    assert facts.row()["set"] == "validation, calibrated by lab, mean of 8 views"
