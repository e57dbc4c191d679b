"""Runs side by side in one page: who is ahead, on which images, and what may not be compared."""

import re
from dataclasses import replace

import numpy as np
import pytest

from all_tf.config.presets import EXPERIMENTS
from all_tf.plots.forest import draw_forest
from all_tf.reports.html_report.comparison import pair_rows
from all_tf.reports.html_report.study_page import write_study_page
from all_tf.reports.html_report.write import write_about
from all_tf.reports.run_facts import read_facts
from all_tf.reports.study import write_tables
from all_tf.runs.folder import RunError
from tests.html_pages import HOSTILE, Page
from tests.written_runs import PATIENTS, draw_predictions, write_run


@pytest.fixture
def study(tmp_path):
    """Two finished rows of a study and one that has not ended."""
    folder = tmp_path / "study"
    for seed, name in enumerate(("efficientnetb0", "googlenet", "vgg16")):
        evaluated = draw_predictions(seed=seed)  # Of equal skill.
        write_run(folder / name, experiment=EXPERIMENTS[name], evaluated=evaluated)
    (folder / "vgg16/metrics.json").unlink()
    return folder


def test_study_is_one_page_in_the_order_of_its_table(study):
    (path,) = write_about([study])
    page = Page(path.read_text())
    assert path == study / "report.html" and "has the highest" in page.text
    assert "training has not ended: vgg16." in page.text
    rows = [text for text in page.texts if text in ("googlenet", "efficientnetb0")]
    assert rows[0] == "googlenet" and "Not the same images" not in page.text
    assert "the study of 2021, googlenet" in page.text and len(page.of("svg")) == 3
    assert (
        "does not differ significantly from" in page.text and "no significant" in page.text
    )  # By chance ahead.
    assert not any(name in path.read_text() for name in (*PATIENTS, ".bmp"))


def test_network_that_is_better_on_nearly_every_patient_is_told_apart(tmp_path):
    good = draw_predictions()
    noise = np.random.default_rng(3).normal(0, 3, len(good.names))
    poor = replace(good, logits=good.logits + noise, calibrated_scores=None)
    runs = [read_facts(write_run(tmp_path / "poor", evaluated=poor))]
    runs += [read_facts(write_run(tmp_path / "good", evaluated=good))]
    (row,) = pair_rows(runs)
    assert (row["ahead"], row["other"], row["told_apart"]) == ("good", "poor", True)
    assert row["verdict"] == "good is better by F1 and kappa"


def test_runs_on_few_patients_are_said_neither_to_differ_nor_to_be_equal(tmp_path):
    few = draw_predictions(patients=PATIENTS[:4])
    runs = [write_run(tmp_path / name, evaluated=few) for name in ("a", "b")]
    (path,) = write_about(runs, tmp_path / "out")
    text = Page(path.read_text()).text
    assert "a and b have the highest F1 and the highest kappa." in text
    assert "Whether they differ cannot be said: not estimable: " in text
    assert "no significant difference" not in text


def test_runs_on_other_images_are_not_compared(tmp_path):
    few = draw_predictions(cells=60)
    runs = [
        write_run(tmp_path / "a", stamps=("optimistic",)),
        write_run(tmp_path / HOSTILE.replace("/", "%"), evaluated=few),
    ]
    (path,) = write_about(runs, tmp_path / "out")
    page = Page(path.read_text())
    assert path.parent == tmp_path / "out" and not page.of("script") and not page.of("img")
    assert "cannot be compared" in page.text
    assert "Not the same images. Compare only within a group: a on 120;" in page.text
    assert "Optimistic (a)." in page.text and "has the highest" not in page.text


def test_study_page_says_once_that_images_differ(study, monkeypatch):
    few = draw_predictions(cells=60)
    write_run(study / "densenet121", experiment=EXPERIMENTS["densenet121"], evaluated=few)
    monkeypatch.setattr(
        "all_tf.reports.study.is_finished", lambda run, _: (run / "metrics.json").is_file()
    )
    write_study_page(study, study, {})
    text = Page((study / "study.html").read_text()).text
    warning = re.compile("not (evaluated on )?the same images", re.IGNORECASE)
    assert len(warning.findall(text)) == 1 and "densenet121 on 60" in text
    assert len(warning.findall(write_tables(study, study, {}))) == 1


def test_study_on_few_patients_does_not_say_which_rows_are_worse(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "all_tf.reports.study.is_finished", lambda run, _: (run / "metrics.json").is_file()
    )
    for seed, name in enumerate(("efficientnetb0", "googlenet")):
        few = draw_predictions(seed=seed, patients=PATIENTS[:4])
        write_run(tmp_path / name, experiment=EXPERIMENTS[name], evaluated=few)
    text = write_tables(tmp_path, tmp_path, {})
    assert "Whether the others are worse cannot be said: not estimable: 2 groups of " in text
    assert "Not significantly worse" not in text


def test_folder_without_a_finished_run_is_refused(study):
    for metrics in study.glob("*/metrics.json"):
        metrics.unlink()
    with pytest.raises(RunError, match="No run has ended yet"):
        write_about([study])


def test_forest_has_a_line_where_there_is_an_interval_and_what_was_reported():
    rows = [
        {"run": "$x_{$", "f1": 0.8, "f1_low": 0.7, "f1_high": 0.85, "reported_f1": 0.776},
        {"run": "b" * 60, "f1": 0.6, "f1_low": None, "f1_high": None},
    ]
    figure = draw_forest(rows, "f1", name="F1")
    interval, here, reported = figure.axes[0].lines
    assert interval.get_xydata().tolist() == [[0.7, 0], [0.85, 0]]
    assert list(here.get_xdata()) == [0.8, 0.6] and list(reported.get_xdata()) == [0.776]
    assert [len(label.get_text()) for label in figure.axes[0].get_yticklabels()] == [5, 28]
    figure.draw_without_rendering()  # A dollar sign begins no formula.
