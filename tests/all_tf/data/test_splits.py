"""Which images a run learns from, chooses on and is scored on, and what its figures are worth."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from all_tf.config.experiment import Experiment
from all_tf.data import splits
from all_tf.data.splits import SplitError, home_of, load_data, load_set
from all_tf.runs.folder import EvaluationSet
from all_tf.runs.records_digest import RecordsDigest
from all_tf.runs.stamps import evaluated_on, stamps
from tfrecords.store.manifest import RecordsError

HONEST = Experiment("base_cnn", weights="none", fold=1)
STUDY = replace(HONEST, protocol="study")


def test_honest_protocol_holds_out_a_fold_and_scores_the_preliminary_phase(records):
    data = load_data(HONEST, records)
    assert set(data.fit.folds) == {0, 2} and set(data.selection.folds) == {1}
    assert len(data.held_out) == 15


def test_study_protocol_chooses_on_the_preliminary_phase(records):
    data = load_data(STUDY, records)
    assert set(data.fit.folds) == {0, 1, 2} and data.held_out is None
    assert all(name.startswith("validation/") for name in data.selection.names)


def test_no_patient_is_on_both_sides(records):
    data = load_data(HONEST, records)
    sides = [set(cells.groups) for cells in (data.fit, data.selection, data.held_out)]
    assert not (sides[0] & sides[1] or sides[0] & sides[2] or sides[1] & sides[2])


def test_duplicates_are_not_learnt_from_and_are_scored(records):
    everything = load_data(STUDY, records).fit
    assert set(everything.duplicate_of) == {""}
    folds = [load_data(replace(HONEST, fold=k), records).selection for k in range(3)]
    assert sum(map(len, folds)) == len(everything) + sum(
        np.sum(fold.duplicate_of != "") for fold in folds
    )
    assert any(np.any(fold.duplicate_of != "") for fold in folds)


def test_limits_apply_to_their_sets(records):
    data = load_data(replace(HONEST, limit_train=10, limit_validation=6), records)
    assert data.fit.counts == (5, 5) and data.selection.counts == (3, 3)


def test_shared_patient_is_refused_by_name(records, monkeypatch):
    monkeypatch.setattr(splits, "fold_of", lambda cells, fold: cells)
    with pytest.raises(SplitError, match=r"both sides of a split.*groups 11, 13"):
        load_data(HONEST, records)


def test_fold_that_is_not_there_is_refused(records):
    with pytest.raises(SplitError, match="The records have 0, 1, 2. Received: fold=5"):
        load_data(replace(HONEST, fold=5), records)


def test_one_class_is_refused(records, monkeypatch):
    real = splits.fold_of
    monkeypatch.setattr(splits, "fold_of", lambda c, fold: (f := real(c, fold)).take(f.labels == 1))
    with pytest.raises(SplitError, match="choose the epoch on need labels and both classes.*0 HEM"):
        load_data(HONEST, records)


def test_study_protocol_without_a_preliminary_phase_is_refused(records, tmp_path):
    copy = shutil.copytree(records, tmp_path / "copy")
    manifest = copy / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"validation": {', '"gone": {'))
    with pytest.raises(RecordsError, match="No split 'validation'"):
        load_data(STUDY, copy)


def test_set_without_a_split_is_refused(records):
    with pytest.raises(ValueError, match="Received: split=None"):
        load_set({}, EvaluationSet(records=records))


@pytest.mark.parametrize(
    ("experiment", "split", "fold", "expected"),
    [
        (HONEST, "train", 1, ["optimistic"]),
        (HONEST, "train", 0, ["resubstitution"]),
        (HONEST, "train", None, ["optimistic", "resubstitution"]),
        (HONEST, "validation", None, []),
        (HONEST, "test", None, []),
        (STUDY, "validation", None, ["optimistic"]),
        (STUDY, "train", 1, ["resubstitution"]),
        (STUDY, "test", None, []),
    ],
)
def test_stamps_say_what_the_run_did_with_the_images(experiment, split, fold, expected):
    assert stamps(experiment, split, fold, folds="grouped") == expected
    assert stamps(experiment, split, fold, folds="official") == [*expected, "leaky folds"]


def test_run_is_judged_by_the_preliminary_phase_or_else_by_what_it_chose_on(records, tmp_path):
    assert evaluated_on(HONEST, records) == evaluated_on(STUDY, records) == ("validation", None)
    copy = shutil.copytree(records, tmp_path / "copy")
    manifest = copy / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"validation": {', '"gone": {'))
    assert evaluated_on(HONEST, copy) == ("train", 1)


def test_run_finds_its_training_images_in_a_copy_of_its_records_and_not_in_others(
    records, tmp_path
):
    copy = shutil.copytree(records, tmp_path / "copy")
    facts = {"records": "/gone", **RecordsDigest.of(records).as_dict()}
    assert home_of(facts, copy) == copy
    for file in ("folds.csv", "manifest.json"):  # Names and folds may be those of other images.
        kept = (copy / file).read_text()
        (copy / file).write_text(kept + " ")
        assert home_of(facts | {"records": str(records)}, copy) == records
        (copy / file).write_text(kept)
    assert home_of(facts | {"records": str(records)}, tmp_path) == records
