"""The page of a study: its table, that figures are copied, and what is said of their settings."""

import json
import subprocess
import sys

import pytest

from all_tf.config.published_results import COMPARATORS, REPORTED
from all_tf.reports import study
from all_tf.runs.checksums import write_checksums
from tests.conftest import ROOT, read_rows
from tests.study_bench import ROWS


def test_table_holds_the_figures_of_the_set_that_nothing_was_chosen_on(bench, call):
    call()
    rows = read_rows(bench / "study/study.csv")
    assert [row["row"] for row in rows] == ROWS.split(",")
    for row in rows:
        run = bench / "study" / row["row"]
        report = json.loads((run / "evaluation/validation/metrics.json").read_text())
        assert (row["set"], row["stamps"], row["status"]) == ("validation", "", "finished")
        for key in ("accuracy", "f1", "kappa", "auc", "num_images", "num_patients"):
            assert float(row[key]) == report[key]
        assert (row["num_parameters"], row["images_per_second"]) == ("1234567", "12.345")
    assert [rows[n]["reported_kappa"] for n in range(3)] == ["", "", "0.408"]
    assert float(rows[2]["reported_f1"]) == REPORTED["densenet169"].f1 / 100
    text = (bench / "study/study.md").read_text()
    best = max(rows, key=lambda row: float(row["f1"]))
    assert f"Best by F1: {best['row']} ({100 * float(best['f1']):.1f})" in text
    assert "3 images of 2 patients, epoch chosen on train fold 0" in text
    assert "settings of the study's table" in text
    assert all(other.work in text for other in COMPARATORS)


def test_table_and_chart_that_cannot_be_drawn_end_no_study(bench, call, monkeypatch):
    def fail(*args, **how):
        raise OSError("no space")

    monkeypatch.setattr(study, "draw_study", fail)
    answer = call(rows="vgg16")
    assert answer.returncode == 0 and "warning: The study's chart failed" in answer.stderr
    assert (bench / "study/study.md").is_file()


def test_departures_from_the_study_are_stated_above_the_table(bench, call):
    call("--epochs", 1, "--limit-train", 64, "--weights", "none")
    above, _ = (bench / "study/study.md").read_text().split("| row ")
    assert "NOT THE STUDY'S SETTINGS" in above
    assert "epochs 1 (vgg16, densenet169)" in above  # base_cnn has one in the study too.
    assert "limit_train 64;" in above or "limit_train 64." in above
    assert "weights none (vgg16, densenet169)" in above


def test_row_that_is_not_of_the_study_is_not_counted_as_one(bench, call):
    call(rows="scratch")
    above, _ = (bench / "study/study.md").read_text().split("| row ")
    assert "settings of the study's table" not in above
    call(rows="base_cnn")
    above, _ = (bench / "study/study.md").read_text().split("| row ")
    assert "All rows of the study were trained with the settings of the study's table." in above
    assert "Rows that are not of the study: scratch." in above


def test_figures_of_c_nmc_do_not_stand_beside_those_of_other_images(bench, call):
    call()
    assert "What others published" in (bench / "study/study.md").read_text()
    assert any(row["reported_accuracy"] for row in read_rows(bench / "study/study.csv"))
    for path in (bench / "study").rglob("metrics.json"):
        report = json.loads(path.read_text()) | {"records_name": "Ward 7"}
        path.write_text(json.dumps(report))
        write_checksums(path.parent)
    call()
    text = (bench / "study/study.md").read_text()
    assert "These images are not those of C-NMC 2019" in text
    assert "reported |" not in text and "What others published" not in text
    assert not any(row["reported_accuracy"] for row in read_rows(bench / "study/study.csv"))


def test_page_says_which_networks_these_patients_tell_apart(bench, call):
    call()
    text = (bench / "study/study.md").read_text()
    assert text.index("These patients tell") < text.index("| row ")  # Before the table.


def test_every_row_gets_the_same_time_and_says_how_far_it_got(bench, call):
    answer = call("--every-row-for", 0.5, rows="base_cnn,vgg16")
    assert answer.returncode == 0, answer.stderr
    text = (bench / "study/study.md").read_text()
    assert "NOT THE STUDY'S SETTINGS" in text and "max_minutes 0.5" in text
    assert "ended by time after 0.5 of 20 epochs" in text
    rows = read_rows(bench / "study/study.csv")
    assert [(row["trained"], row["max_minutes"]) for row in rows] == [("0.5", "0.5")] * 2


def test_rows_that_were_not_asked_for_stay_in_the_table(bench, call):
    call(rows="vgg16")
    call(rows="base_cnn")
    assert [row["row"] for row in read_rows(bench / "study/study.csv")] == ["base_cnn", "vgg16"]


@pytest.mark.slow
def test_study_of_one_row_as_typed(records, tmp_path):
    answer = subprocess.run(
        [sys.executable, ROOT / "scripts/run_study.py", "--rows", "base_cnn", "--records", records,
         "--study-dir", tmp_path / "study", "--epochs", "1", "--image-size", "64",
         "--limit-train", "64", "--weights", "none"],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stdout + answer.stderr
    (row,) = read_rows(tmp_path / "study/study.csv")
    run = tmp_path / "study/base_cnn"
    report = json.loads((run / "evaluation/validation/metrics.json").read_text())
    for key in ("accuracy", "f1", "kappa", "auc"):
        assert float(row[key]) == report[key]
    chosen = json.loads((run / "metrics.json").read_text())
    for key in ("num_parameters", "images_per_second"):
        assert float(row[key]) == chosen[key]
    assert row["reported_accuracy"] == ""  # The cells are drawn, and not those of C-NMC.
    assert "limit_train 64" in answer.stdout and "epoch 1/1" in answer.stdout
