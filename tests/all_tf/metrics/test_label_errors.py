"""Labels in doubt: found where they were turned, ranked, grouped by patient, never dropped."""

import shutil

import numpy as np
import pytest
from PIL import Image

from all_tf.analysis.label_review import write_review
from all_tf.launch.cross_validate import begin
from all_tf.metrics.label_errors import (
    HARD,
    LIKELY_ERROR,
    by_patient,
    describe_review,
    describe_trust,
    find_label_errors,
    most_doubtful,
    review_rows,
)
from all_tf.metrics.predictions import Predictions
from all_tf.runs.checksums import changed_files
from all_tf.runs.folder import RunError, write_json
from all_tf.runs.out_of_fold import write_out_of_fold
from tests.conftest import read_rows
from tests.stubs.fold import EXPERIMENT, file_run
from tfrecords.store.manifest import digest_file


def predictions_of(labels, scores, patients=None) -> Predictions:
    labels, scores = np.asarray(labels), np.asarray(scores, np.float64)
    patients = np.array(patients or [f"p{n}" for n in range(len(labels))])
    names = np.array([f"train/{n:03}.bmp" for n in range(len(labels))])
    return Predictions(
        names,
        patients,
        patients,
        labels,
        np.log(scores / (1 - scores)),
        folds=np.arange(len(labels)) % 2,
    )


def confident_joint(labels, scores) -> list[bool]:
    """Equation 1 and 2 of the paper, cell by cell and class by class."""
    p = [(1 - score, score) for score in scores]
    mean = [np.mean([p[n][j] for n in range(len(p)) if labels[n] == j]) for j in (0, 1)]
    found = []
    for n, label in enumerate(labels):
        passing = [j for j in (0, 1) if p[n][j] >= mean[j]]
        counted_as = max(passing, key=lambda j: p[n][j]) if passing else label
        found.append(counted_as != label)
    return found


@pytest.mark.parametrize("seed", range(5))
def test_label_errors_are_those_off_the_diagonal_of_the_confident_joint(seed):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, 200)
    scores = np.clip(rng.normal(0.35 + 0.3 * labels, 0.25), 0.01, 0.99)
    errors = find_label_errors(labels, scores)
    assert errors.tolist() == confident_joint(labels, scores)
    assert 0 < errors.sum() < 100


def test_labels_that_were_turned_are_found():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 500)
    turned = rng.random(500) < 0.1
    scores = np.clip(rng.normal(0.1 + 0.8 * truth, 0.1), 0.001, 0.999)
    rows = review_rows(predictions_of(np.where(turned, 1 - truth, truth), scores), threshold=0.5)
    found = {row["name"] for row in rows if row["why"] == LIKELY_ERROR}
    expected = {f"train/{n:03}.bmp" for n in np.flatnonzero(turned)}
    # Not all: the turned ones lower the mean that they are held against.
    assert len(found & expected) >= 0.7 * len(expected) and len(found - expected) <= 2


def test_every_cell_has_a_row_and_ranks_follow_the_probability_of_the_label():
    rng = np.random.default_rng(1)
    labels, scores = rng.integers(0, 2, 60), rng.uniform(0.01, 0.99, 60)
    rows = review_rows(predictions_of(labels, scores), threshold=0.5)
    assert {row["name"] for row in rows} == {f"train/{n:03}.bmp" for n in range(60)}
    ranked = sorted(rows, key=lambda row: row["rank"])
    assert [row["rank"] for row in ranked] == list(range(1, 61))
    confidence = [row["self_confidence"] for row in ranked]
    assert confidence == sorted(confidence)
    for row in rows:
        own = row["calibrated_score"] if row["label"] else 1 - row["calibrated_score"]
        assert row["self_confidence"] == own
        assert row["margin"] == pytest.approx(own - (1 - own))
        decided = row["calibrated_score"] >= 0.5
        assert (row["why"] == "") == (decided == row["label"]) or row["why"] == LIKELY_ERROR


def test_patient_with_the_most_likely_errors_comes_first_and_stays_together():
    labels = [1] * 6 + [0] * 6
    scores = [0.95, 0.1, 0.05, 0.97, 0.45, 0.96, 0.02, 0.98, 0.03, 0.04, 0.05, 0.02]
    patients = ["a", "b", "b", "b", "c", "a", "d", "d", "e", "e", "e", "e"]
    rows = review_rows(predictions_of(labels, scores, patients), threshold=0.5)
    assert list(dict.fromkeys(row["patient"] for row in rows))[:2] == ["b", "d"]
    groups = [row["patient"] for row in rows]
    assert groups == [p for p in dict.fromkeys(groups) for _ in range(groups.count(p))]
    why = {row["name"][6:9]: row["why"] for row in rows}
    assert [why[n] for n in ("001", "002", "007", "004", "000")] == [
        *[LIKELY_ERROR] * 3,
        HARD,
        "",
    ]
    table = by_patient(rows)
    assert [(row["patient"], row["patient_likely_errors"], row["hard"]) for row in table] == [
        ("b", 2, 0),
        ("d", 1, 0),
        ("c", 0, 1),
    ]
    assert [row["name"][6:9] for row in most_doubtful(rows, 2)] == ["002", "007"]
    assert len(most_doubtful(rows, 99)) == 4


def test_probability_near_the_threshold_accuses_no_label():
    labels, scores = [0, 0, 0, 1, 1, 1], [0.1, 0.62, 0.97, 0.9, 0.33, 0.02]
    rows = review_rows(predictions_of(labels, scores), threshold=0.4)
    why = {round(row["calibrated_score"], 2): row["why"] for row in rows}
    assert why[0.62] == HARD and why[0.97] == LIKELY_ERROR  # Halfway to certainty is 0.7.
    assert why[0.33] == HARD and why[0.02] == LIKELY_ERROR  # Here it is 0.2.


@pytest.mark.parametrize(
    ("auc", "said"),
    [(0.62, "hardly tell"), (None, "hardly tell"), (0.8, "often err"), (0.97, "Even so")],
)
def test_review_says_how_far_its_ranking_can_be_trusted(auc, said):
    report = {"auc": auc, "threshold": 0.3}
    text = describe_trust(report)
    assert said in text and "threshold 0.300" in text
    assert (f"AUROC {auc:.3f}" if auc else "AUROC not estimable") in text


def test_one_class_is_refused():
    with pytest.raises(ValueError, match="both of which need labelled images"):
        find_label_errors(np.ones(3, np.int64), np.full(3, 0.5))


@pytest.fixture
def cross_validation(records, tmp_path):
    """One that has ended, its networks not worth much."""
    folder = tmp_path / "cv"
    begin(folder, EXPERIMENT, records=records, options=())
    runs = {fold: folder / f"fold-{fold}" for fold in range(3)}
    for fold, run in runs.items():
        file_run(run, records, fold)
    write_out_of_fold(folder, runs)
    return folder


def test_review_shows_the_cells_in_doubt_and_touches_nothing(cross_validation, records):
    def digests():
        files = [*cross_validation.rglob("*"), *records.rglob("*")]
        return {path: digest_file(path) for path in files if path.is_file()}

    before = digests()
    reviewed = write_review(cross_validation, num_cells=10)
    after = digests()
    added = {path.name for path in after.keys() - before.keys()}
    assert added == {"review.csv", "cells.png", "SHA256SUMS", ".lock-result"}
    assert changed_files(reviewed.folder) == []
    assert {path: after[path] for path in before} == before
    rows = read_rows(reviewed.folder / "review.csv")
    assert {row["name"] for row in rows} == {
        row["name"] for row in read_rows(records / "folds.csv")
    }
    text = describe_review(reviewed.rows, most=2)
    assert f"{len(rows)} cells: " in text and "none was changed" in text
    assert not any(row["patient"] in text.split() for row in rows if not row["patient"].isdigit())
    with Image.open(reviewed.folder / "cells.png") as picture:
        width, height = picture.size
        assert np.asarray(picture.convert("L")).min() < 30  # Cells on black.
    write_review(cross_validation, num_cells=2)
    with Image.open(reviewed.folder / "cells.png") as picture:
        assert picture.size[0] <= width and picture.size[1] < height


def test_review_of_one_run_is_of_its_fold_alone(cross_validation):
    run = cross_validation / "fold-1"
    report = {"split": "train", "fold": 1, "threshold": 0.5, "stamps": ["optimistic"]}
    write_json(run / "metrics.json", report)
    reviewed = write_review(run, num_cells=0)
    assert {row["fold"] for row in reviewed.rows} == {1} and "only train fold 1" in reviewed.scored
    assert not (reviewed.folder / "cells.png").exists()


def test_review_shows_cells_of_the_records_that_were_scored_or_of_a_copy(
    cross_validation, records, tmp_path
):
    run = cross_validation / "fold-1"
    report = {"split": "train", "fold": 1, "threshold": 0.5, "stamps": ["optimistic"]}
    write_json(run / "metrics.json", report)
    copy = shutil.copytree(records, tmp_path / "copy")
    for folder in (cross_validation, run):
        write_review(folder, records=copy, num_cells=1)
    manifest = copy / "manifest.json"
    manifest.write_text(manifest.read_text() + " ")
    for folder, said in ((cross_validation, "has other images"), (run, "does not hold the images")):
        before = (folder / "review/cells.png").read_bytes()
        with pytest.raises(RunError, match=said):
            write_review(folder, records=copy, num_cells=2)
        assert (folder / "review/cells.png").read_bytes() == before


def test_run_that_has_learnt_what_it_scored_is_refused(cross_validation):
    run = cross_validation / "fold-1"
    report = {"split": "train", "fold": None, "threshold": 0.5, "stamps": ["resubstitution"]}
    write_json(run / "metrics.json", report)
    with pytest.raises(RunError, match="was trained on the images that it scored"):
        write_review(run)
