"""The proof that nothing leaks: what it holds, and that it notices another truth."""

import json
import shutil
from dataclasses import replace

import pytest

from all_tf.config.experiment import Experiment
from all_tf.data.splits import SplitError, load_data
from all_tf.runs.stamps import stamps
from tfrecords.packing.folding import refold
from tfrecords.packing.summary import describe_packed
from tfrecords.store.exchange import replace_together
from tfrecords.store.folds import folds_files, read_folds
from tfrecords.store.index import read_index
from tfrecords.store.leakage import (
    LeakageError,
    Member,
    check_proof,
    proof_text,
    prove,
    read_proof,
)
from tfrecords.store.manifest import RecordsError

EXPERIMENT = Experiment("base_cnn", weights="none", fold=1)


@pytest.fixture
def copy(records, tmp_path):
    return shutil.copytree(records, tmp_path / "copy")


def shards(directory):
    return {path.name: path.read_bytes() for path in directory.glob("*.tfrecord*")}


def test_proof_counts_patients_and_groups_and_names_what_is_shared():
    members = [
        Member("train", 0, "20", "20+21"),
        Member("train", 0, "5", "5"),
        Member("train", 1, "21", "20+21"),
        Member("validation", -1, "30", "30"),
        Member("test", -1, "", "test/1.bmp"),
    ]
    proof = prove(members, folds="official")
    assert list(proof["sets"]) == ["test", "train fold 0", "train fold 1", "validation"]
    assert proof["sets"]["train fold 0"]["num_patients"] == 2
    assert proof["sets"]["test"]["num_patients"] == 0
    assert proof["shared"] == [
        {"sets": ["train fold 0", "train fold 1"], "patients": [], "groups": ["20+21"]}
    ]


def test_written_records_come_with_an_empty_list_of_shared_groups(records):
    proof = read_proof(records)
    assert (proof["folds"], proof["shared"]) == ("grouped", [])
    assert sum(entry["num_images"] for entry in proof["sets"].values()) == 120


def test_patient_moved_to_another_fold_is_noticed_when_records_are_opened(copy):
    folds = read_folds(copy)
    groups = {row.name: row.group for row in read_index(copy)}
    name = next(iter(folds))
    moved = {**folds, name: (folds[name] + 1) % 3}
    replace_together(copy, folds_files(fold_of_name=moved, group_of_name=groups))
    with pytest.raises(LeakageError, match=r"not the patients that leakage\.json lists"):
        load_data(EXPERIMENT, copy)


def test_proof_of_a_leak_does_not_pass_for_one_of_grouped_folds(tmp_path):
    members = [Member("train", 0, "1", "1"), Member("train", 1, "1", "1")]
    (tmp_path / "leakage.json").write_text(proof_text(prove(members, folds="grouped")))
    with pytest.raises(LeakageError, match="train fold 0 and train fold 1 .* share patients"):
        check_proof(tmp_path, members)


@pytest.mark.parametrize("text", ["{", "[]", "[" * 100_000, '{"folds": "grouped", "sets": []}'])
def test_damaged_proof_is_refused_by_its_name(copy, text):
    (copy / "leakage.json").write_text(text)
    with pytest.raises(LeakageError, match=r"leakage\.json is damaged.*--refold"):
        read_proof(copy)


def test_missing_proof_is_refused_and_a_refold_makes_it(copy):
    (copy / "leakage.json").unlink()
    with pytest.raises(LeakageError, match="--refold"):
        load_data(EXPERIMENT, copy)
    refold(copy, folds=3)
    load_data(EXPERIMENT, copy)


def test_refold_makes_new_folds_and_leaves_the_records(copy):
    before, folds = shards(copy), read_folds(copy)
    packed = refold(copy, folds=4, seed=2)
    assert shards(copy) == before
    assert set(read_folds(copy).values()) == {0, 1, 2, 3} and set(folds.values()) == {0, 1, 2}
    assert packed.fold_of_name == read_folds(copy)
    assert load_data(replace(EXPERIMENT, fold=3), copy).selection.counts[0] > 0


def test_refold_of_changed_records_is_refused(copy):
    path = copy / "images.csv"
    path.write_text(path.read_text().replace(",20+21,", ",20,"))
    with pytest.raises(RecordsError, match=r"images\.csv is missing or was changed"):
        refold(copy, folds=3)


def test_official_folds_are_the_published_ones_and_leak(copy):
    packed = refold(copy, folds="official")
    rows = {row.name: row for row in read_index(copy)}
    folds = read_folds(copy)
    assert all(rows[name].official_fold == fold for name, fold in folds.items())
    crossing = [
        row
        for row in rows.values()
        if row.duplicate_of and folds[row.name] != folds[row.duplicate_of]
    ]
    text = describe_packed(packed, [])
    assert crossing and f"{len(crossing)} pairs of identical images" in text
    assert "train fold 0 and train fold 2 share 20+21" in text


def test_runs_on_official_folds_are_allowed_and_stamped(copy):
    refold(copy, folds="official")
    data = load_data(EXPERIMENT, copy)
    assert data.folds == "official"
    assert stamps(EXPERIMENT, "validation", None, folds=data.folds) == ["leaky folds"]


def test_shared_patient_of_the_preliminary_phase_is_refused_whatever_the_folds(copy, monkeypatch):
    refold(copy, folds="official")
    from all_tf.data import splits

    real = splits.load_cells
    monkeypatch.setattr(splits, "load_cells", lambda r, split, **k: real(r, "train", **k))
    with pytest.raises(SplitError, match="both sides of a split"):
        load_data(replace(EXPERIMENT, protocol="study"), copy)


def test_proof_is_json_that_a_reviewer_can_read(records):
    entry = json.loads((records / "leakage.json").read_text())["sets"]["train fold 0"]
    assert set(entry) == {
        "num_images",
        "num_patients",
        "num_groups",
        "patients_sha256",
        "groups_sha256",
    }
