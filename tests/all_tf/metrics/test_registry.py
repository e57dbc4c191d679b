"""One row of the registry is all that a new metric needs."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from all_tf.config.choices import DIRECTIONS, MONITORS
from all_tf.metrics.predictions import Predictions
from all_tf.metrics.registry import METRICS, PLACES, Metric, shown_in
from all_tf.metrics.summary import all_metrics
from tests.conftest import ROOT, read_rows

ROW = """        Metric(
            key="youden",
            title="Youden's J: sensitivity and specificity, less 1",
            short="J",
            direction="max",
            formula=lambda counts: (
                formulas.sensitivity(counts) + formulas.specificity(counts) - 1
            ),
        ),
"""
BEFORE = '        Metric(\n            key="sensitivity",\n'
TRAIN = ("--arch", "base_cnn", "--weights", "none", "--image-size", "48", "--batch-size", "16")


def test_report_has_every_metric_of_the_table_and_no_other():
    labels = np.arange(24) % 2
    names = np.arange(24).astype(str)
    predictions = Predictions(names, names, names, labels, np.linspace(-1, 1, 24))
    with_intervals = {key for key in all_metrics(predictions, threshold=0.5) if "_low" in key}
    assert with_intervals == {f"{key}_low" for key in METRICS if key != "loss"}


def test_metrics_of_an_epoch_can_be_monitored():
    assert tuple(DIRECTIONS) == tuple(key for key, metric in METRICS.items() if metric.streamed)
    assert tuple(f"val_{key}" for key in DIRECTIONS) == MONITORS
    assert set(DIRECTIONS.values()) == {"max", "min"}


def test_places_show_their_metrics_in_the_order_that_is_asked_for():
    assert list(shown_in("progress")) == ["loss", "f1", "kappa"]
    assert list(shown_in("progress", first=("kappa", "auc"))) == ["kappa", "loss", "f1"]
    assert all(shown_in(place) for place in PLACES)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"title": ""}, "'youden' in all_tf/metrics/registry.py has no title"),
        ({"short": ""}, "has no short"),
        ({"direction": ""}, "has no direction"),
        ({"direction": "up"}, "has the direction 'up'. Choose max or min"),
        ({"direction": 1}, "has the direction 1. Choose max or min"),
        ({"formula": None}, "has no formula"),
        ({"source": "scores"}, "has a wrong formula"),
        ({"source": "oracle"}, "has the source 'oracle'"),
        ({"places": ("wall",)}, "has the places \\['wall'\\]"),
    ],
)
def test_row_that_lacks_a_part_is_refused_by_its_name(change, message):
    row = {"title": "Youden's J", "short": "J", "direction": "max", "formula": lambda counts: 0}
    Metric(key="youden", **row)
    with pytest.raises(ValueError, match=message):
        Metric(key="youden", **{**row, **change})


def copy_with_row(root: Path, row: str) -> None:
    """A copy of the code whose registry has one row more."""
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("all_tf", "builders", "tfrecords", "scripts"):
        shutil.copytree(ROOT / name, root / name, ignore=ignored)
    registry = root / "all_tf/metrics/registry.py"
    text = registry.read_text()
    assert text.count(BEFORE) == 1
    registry.write_text(text.replace(BEFORE, row + BEFORE))


def call(root: Path, script: str, *args: object) -> subprocess.CompletedProcess:
    """A script of a copy, as typed there."""
    command = [sys.executable, root / "scripts" / script, *map(str, args)]
    environment = os.environ | {"PYTHONPATH": str(root)}
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)


def test_row_without_a_formula_stops_the_command_at_once(tmp_path):
    copy_with_row(tmp_path, ROW[: ROW.index("            formula")] + "        ),\n")
    found = call(tmp_path, "train.py", "--help")
    assert found.returncode and "'youden' in all_tf/metrics/registry.py has no formula" in (
        found.stderr
    )


@pytest.mark.slow
def test_one_row_takes_a_metric_from_the_epoch_to_every_report(records, tmp_path):
    copy_with_row(tmp_path, ROW)
    runs = [tmp_path / "runs" / name for name in ("first", "second")]
    options = ("--records", records, "--run-dir", runs[0], "--fold", 1)
    more = ("--epochs", 2, "--monitor", "val_youden")
    trained = call(tmp_path, "train.py", *TRAIN, *options, *more)
    assert trained.returncode == 0, trained.stderr
    assert "  youden  " in trained.stdout  # The text report.
    shutil.copytree(*runs)
    history = read_rows(runs[0] / "history.csv")
    report = json.loads((runs[0] / "metrics.json").read_text())
    for row in history:
        for of in ("", "val_"):
            expected = float(row[f"{of}sensitivity"]) + float(row[f"{of}specificity"]) - 1
            assert float(row[f"{of}youden"]) == pytest.approx(expected, abs=1e-6)
    best = max(history, key=lambda row: float(row["val_youden"]))
    assert report["best_epoch"] == int(best["epoch"])
    assert report["youden"] == pytest.approx(report["sensitivity"] + report["specificity"] - 1)
    assert {"youden_low", "youden_high"} <= set(report)
    events = b"".join(path.read_bytes() for path in (runs[0] / "tensorboard").rglob("*tfevents*"))
    assert b"more/youden" in events and b"Youden's J" in events

    assert call(tmp_path, "report.py", runs[0], "--no-cells").returncode == 0
    for page in ("report.html", "MODEL_CARD.md"):
        text = (runs[0] / page).read_text().replace("&#39;", "'")
        assert "Youden's J: sensitivity and specificity, less 1" in text
    compared = call(tmp_path, "compare.py", *runs, "--out", tmp_path / "runs.csv")
    assert "| youden" in compared.stdout
    assert {"youden", "youden_low", "youden_high"} <= set(read_rows(tmp_path / "runs.csv")[0])
