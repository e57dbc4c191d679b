"""predictions.csv comes back to the last bit; per_patient.csv says how each patient fared."""

import numpy as np
import pytest

from all_tf.metrics.calibration import Calibration
from all_tf.metrics.per_patient import fold_rows, patient_rows
from all_tf.metrics.predictions import Predictions
from all_tf.runs.folder import RunError
from all_tf.runs.prediction_files import (
    read_predictions,
    write_per_patient,
    write_predictions,
)
from tests.conftest import read_rows
from tests.written_runs import file_scored_set


@pytest.fixture
def predictions() -> Predictions:
    """Four patients, two of them one person; the worst has 1 of 4 cells right."""
    text = np.array
    found = Predictions(
        names=text([f"{n}.bmp" for n in (9, 8, 7, 6, 5, 4, 3, 2, 1)]),
        patients=text(["11", "11", "11", "11", "12", "H1", "H1", "H2", "H2"]),
        groups=text(["11+12"] * 5 + ["H1", "H1", "H2", "H2"]),
        labels=text([1, 1, 1, 1, 1, 0, 0, 0, 0]),
        logits=text([1 / 3, -1, -2, -3, 2.5, -0.1, 4, -5, -800.0]),
        folds=text([0, 0, 0, 0, 0, 0, 0, 1, 1]),
    )
    return Calibration(temperature=3.0, bias=0.02).apply(found)


def test_predictions_come_back_sorted_and_to_the_last_bit(predictions, tmp_path):
    write_predictions(tmp_path / "p.csv", predictions)
    found = read_predictions(tmp_path / "p.csv")
    expected = predictions.take(np.argsort(predictions.names))
    for key, values in vars(expected).items():
        assert np.array_equal(getattr(found, key), values), key
    header = (tmp_path / "p.csv").read_text().splitlines()[0]
    assert header == "name,patient,group,label,fold,logit,score,calibrated_score"


def test_images_of_no_fold_and_no_patient_come_back_too(tmp_path):
    none = np.array(["", ""])
    written = Predictions(np.array(["a", "b"]), none, none, np.array([-1, -1]), np.array([0.5, 1]))
    write_predictions(tmp_path / "p.csv", written)
    assert ",-1,,0.5," in (tmp_path / "p.csv").read_text()
    found = read_predictions(tmp_path / "p.csv")
    assert found.folds.tolist() == [-1, -1] and not found.labelled


def test_damaged_or_missing_predictions_are_named(tmp_path):
    with pytest.raises(RunError, match="No predictions in"):
        read_predictions(tmp_path / "p.csv")
    (tmp_path / "p.csv").write_text("name,score\na,0.5\n")
    with pytest.raises(
        RunError, match=r"p.csv is damaged .*\(line 1, .*\): it has no patient, group"
    ):
        read_predictions(tmp_path / "p.csv")


def test_labelled_cell_without_a_patient_is_damage(predictions, tmp_path):
    write_predictions(tmp_path / "p.csv", predictions)
    text = (tmp_path / "p.csv").read_text()
    patient = sorted(zip(predictions.names, predictions.patients, strict=True))[1][1]
    lines = text.splitlines()
    lines[2] = lines[2].replace(f",{patient},", ",,", 1)
    (tmp_path / "p.csv").write_text("\n".join([*lines, ""]))
    with pytest.raises(RunError, match=r"\(line 3, field patient\): Expected one of a labelled"):
        read_predictions(tmp_path / "p.csv")


def test_file_of_patients_names_the_worst_first(predictions, tmp_path):
    write_per_patient(tmp_path / "p.csv", predictions, threshold=0.5)
    rows = read_rows(tmp_path / "p.csv")
    assert list(rows[0]) == [
        "patient", "pseudonym", "group", "label", "fold", "num_images", "num_correct",
        "share_correct", "mean_score",
    ]  # fmt: skip
    assert [row["patient"] for row in rows] == ["11", "H1", "H2", "12"]
    worst = rows[0]
    assert (worst["num_images"], worst["num_correct"], worst["share_correct"]) == ("4", "1", "0.25")
    assert worst["pseudonym"] in ("ALL-01", "ALL-02") and worst["group"] == "11+12"
    assert float(worst["mean_score"]) == np.mean(predictions.calibrated_scores[:4])
    assert {row["fold"] for row in rows} == {"0", "1"}


def test_fold_of_one_class_has_counts_but_no_figures(predictions):
    both, hem = fold_rows(predictions, threshold=0.5)
    assert (both["fold"], both["num_groups_all"], both["num_images_hem"]) == (0, 1, 2)
    assert both["accuracy"] == pytest.approx(3 / 7) and both["auc"] == pytest.approx(0.2)
    assert (hem["fold"], hem["num_groups_hem"], hem["f1"], hem["auc"]) == (1, 1, None, None)


def test_of_two_that_fare_alike_the_one_of_more_cells_is_worse(predictions):
    rows = patient_rows(predictions, threshold=1.0)  # All of ALL is missed.
    assert [row["patient"] for row in rows][:2] == ["11", "12"]


def test_no_file_of_a_scored_set_is_written_through_a_link(predictions, tmp_path):
    thesis, folder = tmp_path / "thesis.txt", tmp_path / "run"
    thesis.write_text("years of work")
    report = {"threshold": 0.5}
    file_scored_set(folder, report, predictions)
    lock, *written = sorted(path.name for path in folder.iterdir())
    assert (lock, len(written)) == (".lock-result", 5)
    before = {name: (folder / name).read_bytes() for name in written}
    for name in written:
        (folder / name).unlink()
        (folder / name).symlink_to(thesis)
    file_scored_set(folder, report, predictions)
    assert {name: (folder / name).read_bytes() for name in written} == before
    assert thesis.read_text() == "years of work"
    assert not any(path.is_symlink() for path in folder.iterdir())
