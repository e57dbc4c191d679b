"""The answer is none, with the reason, for what is no known cell and where networks disagree."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from all_tf.data.disturbances import DISTURBANCES
from all_tf.data.image_files import measure_new_cells
from all_tf.data.splits import load_data
from all_tf.data.training_range import write_range
from all_tf.evaluation.answers import answer_cells
from all_tf.evaluation.scorers import load_scorers
from all_tf.launch.cross_validate import begin
from all_tf.metrics.calibration import Calibration
from all_tf.runs.checksums import write_checksums
from all_tf.runs.folder import RunError, write_json
from all_tf.runs.known_cells_file import KNOWN_CELLS_FILE
from tests.untrained import EXPERIMENT, write_knowing_run, write_run
from tfrecords.synthetic.cells import draw_cell


@pytest.fixture(scope="module")
def run(records, tmp_path_factory) -> Path:
    """A run that knows its training cells."""
    return write_knowing_run(tmp_path_factory.mktemp("runs") / "run", records)


@pytest.fixture(scope="module")
def scorers(run):
    return load_scorers([run])


def cells(number: int = 12) -> list[np.ndarray]:
    return [draw_cell(np.random.default_rng(900 + n), label=n % 2) for n in range(number)]


def answers(scorers, images):
    named = ((str(place), Image.fromarray(image)) for place, image in enumerate(images))
    return answer_cells(scorers, measure_new_cells(named, scorers[0].ranges))


def test_known_cells_are_answered_by_their_probability(scorers):
    found = answers(scorers, cells())
    assert np.mean([each.answer == "none" for each in found]) < 0.5  # Of so few training cells.
    for each in found:
        assert each.threshold == 0.45 and each.decision == (each.probability >= 0.45)
        assert bool(each.reason) == (each.answer == "none")
        if each.answer != "none":
            assert each.answer == ("negative", "positive")[each.decision]
        assert each.nearest_patient.split("-")[1].isdecimal()


@pytest.mark.parametrize("name", ["negative", "on white", "blurred, sigma 2 px"])
def test_disturbed_cells_have_no_answer(name, scorers):
    for each in answers(scorers, [DISTURBANCES[name](cell) for cell in cells(4)]):
        assert each.answer == "none" and each.reason


def white(cell):
    return np.full_like(cell, 255)


def two_cells(cell):
    small = np.asarray(Image.fromarray(cell).resize((225, 225)))
    return np.concatenate([np.concatenate([small, small], 1)] * 2)


def two_that_touch(cell):
    return np.maximum(np.roll(cell, -80, axis=1), np.roll(cell, 80, axis=1))


def a_photograph(cell):
    rng = np.random.default_rng(0)
    rough = rng.integers(0, 256, (12, 16, 3)).astype(np.uint8)
    return np.asarray(Image.fromarray(rough).resize((640, 480), Image.Resampling.BICUBIC))


def tiny(cell):
    return np.asarray(Image.fromarray(cell).resize((16, 16)))


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (white, "background"),
        (two_cells, "background"),
        (a_photograph, "background"),
        (tiny, "size"),
        (two_that_touch, "size"),
    ],
)
def test_what_is_not_one_cell_on_black_has_no_answer(spoil, word, scorers):
    (found,) = answers(scorers, [spoil(cells(1)[0])])
    assert found.answer == "none" and f"{word}: " in found.reason


def test_grey_cell_is_refused_for_its_colour(scorers):
    grey = np.repeat(cells(1)[0].mean(axis=-1, keepdims=True), 3, axis=-1).astype(np.uint8)
    (found,) = answers(scorers, [grey])
    assert found.answer == "none" and "colour: " in found.reason


def test_no_images_have_no_answers(scorers):
    assert answers(scorers, []) == []


def test_features_that_are_far_are_refused(scorers):
    (scorer,) = scorers
    near = scorer.known.features
    moved = scorer._replace(known=_with_limit(scorer, near.limit / 1e4))
    for each in answers([moved], cells(3)):
        assert each.answer == "none"
        assert "features far from every training cell: " in each.reason


def _with_limit(scorer, limit):
    return replace(scorer.known, features=replace(scorer.known.features, limit=limit))


def test_networks_that_disagree_give_no_answer(scorers):
    (scorer,) = scorers
    free = scorer._replace(known=None, ranges=None)
    always, never = (
        free._replace(calibration=Calibration(temperature=1e9, bias=bias)) for bias in (3.0, -2.0)
    )
    for each in answers([always, always, never], cells(3)):
        assert (each.answer, each.reason) == ("none", "networks disagree: 2 of 3 positive")
        assert each.probability == pytest.approx(1 / (1 + np.exp(-4 / 3)), abs=1e-6)
    assert {each.answer for each in answers([always, always], cells(3))} == {"positive"}
    assert {each.answer for each in answers([never, never], cells(3))} == {"negative"}


def test_calibration_that_is_asked_for_replaces_that_of_one_network_and_follows_that_of_several(
    scorers,
):
    free = scorers[0]._replace(known=None, ranges=None)
    asked = Calibration(temperature=2.0, bias=0.3, threshold=0.9)
    images = cells(3)
    one = answer_cells([free], _new(images), calibration=asked)
    both = answer_cells([free, free], _new(images), calibration=asked)
    for single, joint, own in zip(one, both, answers([free], images), strict=True):
        assert single.threshold == joint.threshold == 0.9 and own.threshold == 0.45
        logit, calibrated = (np.log(p / (1 - p)) for p in (own.score, own.probability))
        expected = [1 / (1 + np.exp(-(x / 2 + 0.3))) for x in (logit, calibrated)]
        assert [single.probability, joint.probability] == pytest.approx(expected, abs=1e-6)


def test_networks_disagree_about_the_threshold_that_is_asked_for(scorers):
    free = scorers[0]._replace(known=None, ranges=None)
    low, high = (
        free._replace(calibration=Calibration(temperature=1e9, bias=bias)) for bias in (-3.5, -2.5)
    )
    asked = Calibration(bias=3.0, threshold=0.5)  # Between the two, who agree by themselves.
    (own,) = answer_cells([low, high], _new(cells(1)))
    (moved,) = answer_cells([low, high], _new(cells(1)), calibration=asked)
    assert (own.answer, moved.answer) == ("negative", "none")
    assert moved.reason == "networks disagree: 1 of 2 positive"
    asked = Calibration(bias=6.0, threshold=0.5)
    (agreed,) = answer_cells([low, high], _new(cells(1)), calibration=asked)
    assert agreed.answer == "positive"


def test_images_that_are_taken_are_answered_as_before(scorers):
    new = _new(cells(4))
    which = np.array([3, 1])
    everything = answer_cells(scorers, new)
    some = answer_cells(scorers, new.take(which))
    assert [(a.name, a.answer, a.reason) for a in some] == [
        (a.name, a.answer, a.reason) for a in (everything[3], everything[1])
    ]


def _new(images):
    named = ((str(place), Image.fromarray(image)) for place, image in enumerate(images))
    return measure_new_cells(named, None)


def test_ensemble_calls_unknown_what_most_of_its_networks_call_unknown(scorers):
    (scorer,) = scorers
    free = scorer._replace(known=None, ranges=None)
    strict = scorer._replace(known=_with_limit(scorer, 1e-6))
    (one,) = answers([strict, free, free], cells(1))
    assert one.answer != "none" and one.nearest_patient
    (two,) = answers([strict, strict, free], cells(1))
    assert two.reason.startswith("2 of 3 networks; the first: ")


def test_run_of_an_earlier_version_answers_and_says_what_was_not_compared(run, tmp_path, records):
    old = write_run(tmp_path / "old", records)
    write_range(old, load_data(EXPERIMENT, records).fit.pngs.tolist())
    (scorer,) = load_scorers([old])
    assert scorer.known is None
    found = answers([scorer], cells(6))
    assert {each.answer for each in found} - {"none"}
    for each in found:
        assert each.nearest_patient is None
        assert each.warnings[-1].startswith("features not compared with the training cells")
    for each in answers([scorer], [DISTURBANCES["on white"](cell) for cell in cells(2)]):
        assert each.answer == "none" and "background: " in each.reason


def test_ensemble_that_was_evaluated_stands_for_its_members(run, tmp_path, records):
    other = write_run(tmp_path / "other", records, replace(EXPERIMENT, seed=1))
    filed = tmp_path / "ensemble" / "validation"
    filed.mkdir(parents=True)
    write_json(filed / "metrics.json", {"members": [str(run), str(other)]})
    write_checksums(filed)
    assert [scorer.name for scorer in load_scorers([filed])] == ["run", "other"]
    assert len(load_scorers([run, other])) == 2
    with pytest.raises(RunError, match="each once"):
        load_scorers([run, run])


def test_file_that_was_changed_is_refused(tmp_path, records):
    changed = write_run(tmp_path / "run", records)
    (changed / KNOWN_CELLS_FILE).write_text("{}")
    with pytest.raises(RunError, match="known_cells.json"):
        load_scorers([changed])


def test_cross_validation_stands_for_its_folds_even_where_its_records_are_gone(tmp_path, records):
    moved = shutil.copytree(records, tmp_path / "records")
    begin(tmp_path / "cv", EXPERIMENT, records=moved, options=())
    for fold in range(3):
        experiment = replace(EXPERIMENT, fold=fold, seed=fold)
        write_run(tmp_path / "cv" / f"fold-{fold}", moved, experiment)
    shutil.rmtree(moved)
    found = load_scorers([tmp_path / "cv"])
    assert [scorer.name for scorer in found] == ["fold-0", "fold-1", "fold-2"]
    assert [scorer.experiment.fold for scorer in found] == [0, 1, 2]
