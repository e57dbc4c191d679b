"""What too few patients will not allow to estimate is said before a training."""

from collections.abc import Sequence

import pytest

from all_tf.config.experiment import Experiment
from all_tf.launch.few_patients import few_patients
from tfrecords.class_names import ClassNames
from tfrecords.packing.folding import Packed, write_sidecars
from tfrecords.store.index import INDEX_FILE, IndexRow, write_index
from tfrecords.store.manifest import describe_file, write_manifest

CLASSES = ClassNames("normal", "blast")


@pytest.fixture
def described(tmp_path):
    """Records without images: `described(train=(4, 6), validation=(9, 9))`, normal then blast."""

    def describe(*, folds: int = 2, **patients: Sequence[int]):
        rows, fold_of_name = [], {}
        for split, numbers in patients.items():
            for label, number in enumerate(numbers):
                for n in range(number):
                    who, name = f"{split}{label}{n}", f"{split}/{label}-{n}.png"
                    rows.append(IndexRow(name, split, label, who, who, "", -1, "", ""))
                    fold_of_name |= {name: n % folds} if split == "train" else {}
        write_index(tmp_path, rows)
        write_sidecars(tmp_path, Packed(rows, fold_of_name, "grouped", classes=CLASSES))
        index = describe_file(tmp_path / INDEX_FILE)
        facts = {"name": "lab", **CLASSES.as_dict(), "seed": 0, "layout": "folders"}
        facts |= {"patient_per_image": False, "index": index, "splits": {}}
        write_manifest(tmp_path, facts)
        return tmp_path

    return describe


def test_enough_patients_need_no_word(described):
    records = described(train=(10, 12), validation=(5, 5))
    assert few_patients(Experiment("base_cnn"), records) == []
    assert few_patients(Experiment("base_cnn"), records, all_folds=True) == []


def test_few_patients_of_each_set_are_named_with_their_classes(described):
    records = described(train=(2, 12), validation=(4, 9))
    learnt, chosen, scored = few_patients(Experiment("base_cnn"), records)
    assert learnt.startswith("6 patients of blast, 1 of normal (it takes 2 of each) to learn from")
    assert "train fold 0" in chosen and "6 patients of blast, 1 of normal" in chosen
    assert "no interval over patients" in chosen and "no interval over patients" in scored
    assert "scored once at the end, holds 9 patients of blast, 4 of normal" in scored


def test_nobody_set_aside_is_said(described):
    (line,) = few_patients(Experiment("base_cnn"), described(train=(10, 10)))
    assert "no patient is set aside" in line
    assert "lack the preliminary phase" in line and "of cells of your own" in line


def test_held_out_set_that_is_not_scored_is_not_spoken_of(described):
    unscored = Experiment("base_cnn", score_held_out=False)
    assert few_patients(unscored, described(train=(10, 10), validation=(1, 1))) == []


def test_all_folds_are_counted_together_and_a_refit_chooses_nothing(described):
    records = described(train=(4, 6), validation=(9, 9))
    (line,) = few_patients(Experiment("base_cnn"), records, all_folds=True)
    assert "all folds together hold 6 patients of blast, 4 of normal" in line
    assert few_patients(Experiment("base_cnn", fold=None), records) == []
