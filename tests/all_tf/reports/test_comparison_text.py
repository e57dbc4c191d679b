"""Runs side by side: which set each is evaluated on, what is said of two of them, and the chart."""

import json
import subprocess
import sys
from dataclasses import asdict

import numpy as np
import pytest
from PIL import Image

from all_tf.config.experiment import Experiment
from all_tf.config.published_results import COMPARATORS
from all_tf.metrics.predictions import Predictions
from all_tf.metrics.summary import all_metrics
from all_tf.plots.study_chart import draw_study
from all_tf.reports.comparison_text import compare_pair, comparison_table
from all_tf.reports.run_facts import read_facts
from all_tf.runs.checksums import write_checksums
from all_tf.runs.folder import RunError, write_config
from all_tf.runs.prediction_files import write_predictions
from all_tf.system.tables import Column, decimal, markdown, per_cent, whole
from tests.conftest import ROOT, read_rows

FIGURES = (
    "accuracy",
    "f1",
    "kappa",
    "balanced_accuracy",
    "sensitivity",
    "specificity",
    "auc",
    "log_loss",
)


def write_report(folder, *, split, fold, share, images, **more):
    labels = np.arange(len(images)) % 2
    patients = np.array([f"p{n}" for n in range(len(images))])
    cells = Predictions(np.array(images), patients, patients, labels, labels - 0.5)
    report = {
        "split": split,
        "fold": fold,
        "selected_on": "train fold 0",
        "stamps": [] if fold is None else ["optimistic", "leaky folds"],
        "best_epoch": 3,
        "num_images": len(images),
        "num_patients": len(images),
        "threshold": 0.5,
        "num_groups_all": 6,
        "num_groups_hem": 7,
        **{f"{key}_{end}": share for key in FIGURES for end in ("low", "high")},
        **dict.fromkeys(FIGURES, share),
        **more,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "metrics.json").write_text(json.dumps(report))
    write_predictions(folder / "predictions.csv", cells)


@pytest.fixture
def make_run(tmp_path):
    """A run's folder: `make_run("a", share=.5, images=("1.bmp",))`, or chosen=True without more."""

    def make(name, *, share=0.5, images=("1.bmp", "2.bmp"), chosen=False, **more):
        run = tmp_path / name
        run.mkdir()
        write_config(run, Experiment("vgg16"), {})
        write_report(run, split="train", fold=0, share=share - 0.1, images=("9.bmp",), **more)
        if not chosen:
            folder = run / "evaluation/validation"
            write_report(folder, split="validation", fold=None, share=share, images=images)
        return run

    return make


def test_run_is_evaluated_where_nothing_was_chosen_if_it_was_scored_there(make_run):
    apart = read_facts(make_run("a", share=0.7, num_parameters=1500, images_per_second=9.5)).row()
    assert (apart["set"], apart["f1"], apart["stamps"]) == ("validation", 0.7, "")
    assert (apart["num_parameters"], apart["images_per_second"]) == (1500, 9.5)
    chosen = read_facts(make_run("b", share=0.7, chosen=True)).row()
    assert (chosen["set"], chosen["f1"]) == ("train fold 0", pytest.approx(0.6))
    assert chosen["stamps"] == "optimistic; leaky folds"
    assert chosen["num_parameters"] is chosen["images_per_second"] is None


def test_runs_on_other_images_are_not_compared(make_run):
    a, b = (read_facts(make_run(name)) for name in "ab")
    assert "WARNING" not in comparison_table([a, b])
    c = read_facts(make_run("c", images=("1.bmp", "3.bmp")), name="run c")  # As many, not the same.
    assert "can be compared only within a group" in comparison_table([a, b, c])
    assert comparison_table([a, b, c]).endswith(f"{a.name}, {b.name} on 2; run c on 2.")


def test_cross_validation_is_evaluated_by_its_out_of_fold_predictions(tmp_path):
    fields = asdict(Experiment("vgg16", epochs=3))
    (tmp_path / "cross-validation.json").write_text(json.dumps({"experiment": fields}))
    folder = tmp_path / "out-of-fold"
    images, more = ("1.bmp", "2.bmp"), {"best_epochs": [3, 1, 3], "records_sha256": "0" * 64}
    write_report(folder, split="train", fold=None, share=0.5, images=images, **more)
    write_checksums(folder)
    facts = read_facts(tmp_path)
    row = facts.row()
    assert (row["set"], row["num_images"], row["num_parameters"]) == ("train", 2, None)
    assert "| 3, 1, 3 |" in comparison_table([facts])


def test_run_that_has_not_ended_is_refused(make_run, tmp_path):
    run = make_run("a", chosen=True)
    (run / "metrics.json").unlink()
    with pytest.raises(RunError, match="training has not ended"):
        read_facts(run)
    with pytest.raises(RunError, match="No run in"):
        read_facts(tmp_path / "nowhere")


@pytest.fixture
def make_pair(tmp_path):
    """Two runs on equal cells: `make_pair(num_groups, gain)`, the first better by the gain."""

    def make(num_groups: int, gain: float):
        rng = np.random.default_rng(0)
        labels = np.repeat(np.arange(2 * num_groups) % 2, 20)
        patients = np.repeat([f"id-{n}" for n in range(2 * num_groups)], 20)
        names = np.arange(len(labels)).astype(str)
        for name, more in (("first", gain), ("second", 0)):
            noise = rng.normal(0, 1, len(labels))
            cells = Predictions(names, patients, patients, labels, (labels - 0.5) * more + noise)
            folder = tmp_path / name
            write_report(folder, split="train", fold=0, share=0.5, images=names.tolist())
            write_config(folder, Experiment("vgg16"), {})
            report = json.loads((folder / "metrics.json").read_text())
            report |= all_metrics(cells, threshold=0.5)
            (folder / "metrics.json").write_text(json.dumps(report))
            write_predictions(folder / "predictions.csv", cells)
        return [read_facts(tmp_path / name, name=name) for name in ("first", "second")]

    return make


def test_better_run_is_named_with_the_figures_by_which_it_is(make_pair):
    text = compare_pair(*make_pair(6, 3.0))
    assert "the same 240 images, 6 ALL and 6 HEM patient groups" in text
    assert text.splitlines()[-1].startswith("first is better by f1, kappa, accuracy")
    assert "brier" in text.splitlines()[-1] and "id-" not in text
    assert " A is better " in text and " B is better " not in text


def test_equal_runs_do_not_differ_significantly(make_pair):
    assert compare_pair(*make_pair(6, 0.0)).endswith(
        "first and second do not differ significantly."
    )


def test_runs_on_few_patients_are_not_compared_whatever_their_metrics(make_pair):
    text = compare_pair(*make_pair(4, 3.0))
    reason = "not estimable: 4 groups of ALL"
    assert text.endswith(f"Whether first and second differ cannot be said: {reason}.")
    assert text.count(reason) == 11
    assert text.count("| cannot be said ") == 10 and "no significant" not in text


def test_row_without_intervals_says_so_once_in_the_table(make_pair):
    runs = make_pair(4, 3.0)
    text = comparison_table(runs)
    assert text.count("| not estimable: 4 groups of ALL |") == 2 and " (" not in text


def call(*arguments):
    return subprocess.run(
        [sys.executable, ROOT / "scripts/compare.py", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_compare_as_typed(make_run, tmp_path):
    runs = [make_run("a", share=0.123456789), make_run("b", chosen=True), make_run("c")]
    written = call(*runs, "--out", tmp_path / "out.md")
    assert written.returncode == 0, written.stderr
    text = (tmp_path / "out.md").read_text()
    assert text in written.stdout and "WARNING" in text and " 12.3 (12.3 to 12.3) |" in text
    assert call(*runs, "--out", tmp_path / "out.csv").returncode == 0
    rows = read_rows(tmp_path / "out.csv")
    assert [float(row["kappa"]) for row in rows] == [0.123456789, 0.4, 0.5]
    assert float(rows[0]["kappa_low"]) == 0.123456789
    assert [row["num_parameters"] for row in rows] == ["", "", ""]
    pair = call(runs[0], runs[2])
    assert pair.returncode == 0 and "do not differ significantly" in pair.stdout
    other = call(*runs[:2], "--out", tmp_path / "pair.md")
    assert other.returncode == 1 and "WARNING" in other.stdout
    assert other.stderr.startswith("error: Runs that were scored on different images cannot be")
    assert not (tmp_path / "pair.md").exists()
    refused = call(*runs, "--out", tmp_path / "out.pdf")
    assert refused.returncode == 1 and "error: Expected a file *.md or *.csv" in refused.stderr
    assert "error: No run in" in call(tmp_path).stderr


@pytest.mark.parametrize("name", ["out.md", "out.MD", "out.csv", "out.CSV"])
def test_comparison_is_written_over_and_no_other_file(name, make_run, tmp_path):
    run, out = make_run("a"), tmp_path / name
    assert call(run, "--out", out).returncode == 0
    first = out.read_text()
    assert first.startswith("| run " if name.lower().endswith("md") else "run,arch,")
    assert call(run, "--out", out).returncode == 0 and out.read_text() == first
    out.write_text("# Years of work\n")
    refused = call(run, "--out", out)
    assert refused.returncode == 1 and refused.stdout == ""
    assert refused.stderr == f"error: {out} exists and is no comparison. Name another file.\n"
    assert out.read_text() == "# Years of work\n"


def test_files_of_a_run_and_its_folder_are_left_as_they_are(make_run):
    run = make_run("a")
    before = (run / "predictions.csv").read_bytes()
    assert "is no comparison" in call(run, "--out", run / "predictions.csv").stderr
    (run / "SHA256SUMS").touch()
    for name in ("predictions.csv", "new.md"):
        refused = call(run, "--out", run / name)
        assert refused.returncode == 1 and f"{run} holds a result" in refused.stderr
    assert (run / "predictions.csv").read_bytes() == before and not (run / "new.md").exists()


def test_table_is_markdown_that_lines_up():
    columns = (Column("name", "name"), Column("n", "n", whole), Column("share", "x", per_cent))
    rows = [{"name": "a|b", "n": 12345, "x": 0.5}, {"name": "c", "n": None}]
    assert markdown(rows, columns).splitlines() == [
        "| name |      n | share |",
        "| ---- | -----: | ----: |",
        "| a\\|b | 12,345 |  50.0 |",
        "| c    |      - |     - |",
    ]
    assert decimal(1234.56) == "1,234.6"


def colours(path) -> set[tuple[int, ...]]:
    pixels = np.asarray(Image.open(path).convert("RGB")).reshape(-1, 3)
    return set(map(tuple, pixels.tolist()))


def test_chart_has_bars_of_both_and_lines_only_where_there_is_something(tmp_path):
    ours, theirs = (0, 0x72, 0xB2), (0xE6, 0x9F, 0)
    row = {"row": "vgg16", "accuracy": 0.6, "f1": 0.7, "kappa": -0.1}
    draw_study(tmp_path / "alone.png", [row], title="title")
    found = colours(tmp_path / "alone.png")
    assert ours in found and theirs not in found and (255, 255, 255) in found
    both = [row, row | {"row": "vgg19", "reported_accuracy": 0.592, "reported_kappa": None}]
    draw_study(tmp_path / "both.png", both, title="title", comparators=COMPARATORS)
    assert {ours, theirs} <= colours(tmp_path / "both.png")


def test_heading_of_a_chart_is_not_cut_off(tmp_path):
    row = {"row": "vgg16", "accuracy": 0.6, "f1": 0.7, "kappa": 0.5}
    draw_study(tmp_path / "chart.png", [row], title=" ".join(["evaluated on these images"] * 40))
    dark = np.asarray(Image.open(tmp_path / "chart.png").convert("L")) < 128
    assert dark[:120].any() and not dark[:120, -8:].any() and not dark[:4].any()


def test_chart_draws_an_interval_where_there_is_one(tmp_path):
    def blue(row) -> int:
        draw_study(tmp_path / "chart.png", [row], title="title")
        pixels = np.asarray(Image.open(tmp_path / "chart.png").convert("RGB"))
        return int(np.sum(np.all(pixels == (0, 0x72, 0xB2), axis=2)))

    row = {"row": "vgg16", "accuracy": 0.6, "f1": 0.7, "kappa": 0.5, "kappa_low": None}
    ends = {"f1_low": 0.4, "f1_high": 0.9, "kappa_low": 0.1, "kappa_high": 0.6}
    assert blue(row | ends) < blue(row) - 100  # Its line crosses the bar.
