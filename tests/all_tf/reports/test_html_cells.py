"""The cells that a page shows, and what it says of the records that a run has learnt from."""

import base64
import hashlib
import io
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from all_tf.metrics.predictions import Predictions
from all_tf.reports.run_facts import read_facts
from tests.html_pages import Page, written
from tests.written_runs import draw_predictions, write_run
from tfrecords.store.index import read_index


@pytest.fixture(scope="module")
def on_records(records, tmp_path_factory) -> Path:
    """A run on the synthetic set that calls every cell of its preliminary phase wrongly."""
    rows = [row for row in read_index(records) if row.split == "validation"]
    labels = np.array([row.label for row in rows])
    columns = (
        np.array([getattr(row, key) for row in rows]) for key in ("name", "patient", "group")
    )
    logits = (1 - 2 * labels) * np.linspace(1, 2, len(rows))
    config = {
        f"{what}_sha256": hashlib.sha256((records / file).read_bytes()).hexdigest()
        for what, file in (("manifest", "manifest.json"), ("folds", "folds.csv"))
    }
    run = tmp_path_factory.mktemp("runs") / "run"
    evaluated = Predictions(*columns, labels, logits)
    return write_run(run, evaluated=evaluated, records=str(records), **config)


def test_worst_cells_are_shown_small_and_the_page_stays_so_too(on_records, tmp_path):
    text, card = written(on_records, tmp_path, cells=True)
    pictures = Page(text).of("img")
    labels = read_facts(on_records).evaluated.predictions.labels
    assert len(pictures) == sum(min(8, n) for n in np.bincount(labels))
    assert all(picture["alt"].startswith("A cell of ") for picture in pictures)
    data = base64.b64decode(pictures[0]["src"].removeprefix("data:image/jpeg;base64,"))
    with Image.open(io.BytesIO(data)) as file:
        assert file.size == (144, 144) and np.asarray(file).max() > 50
    assert len(text) < 600_000
    facts = read_facts(on_records)
    for name in {*facts.evaluated.predictions.names, str(facts.config["records"])}:
        assert name not in text + card
    scores = [float(picture["alt"].split()[-1]) for picture in pictures]
    assert scores[:8] == sorted(scores[:8]) and scores[8:] == sorted(scores[8:], reverse=True)


def test_what_was_learnt_from_is_counted_and_held_against_what_was_published(
    on_records, records, tmp_path
):
    source = read_facts(on_records).source
    learnt = [row for row in read_index(records) if row.split == "train" and not row.duplicate_of]
    folds = dict(line.split(",")[::2] for line in (records / "folds.csv").read_text().split()[1:])
    learnt = [row for row in learnt if folds[row.name] != "0"]
    assert source.training.cells == len(learnt) and source.published == 0
    assert source.training.all_patients == len({row.patient for row in learnt if row.label == 1})
    text, _ = written(on_records, tmp_path)
    assert "Not the published images." in Page(text).text


def test_records_that_are_not_there_or_others_are_said_to_be(on_records, tmp_path, records):
    elsewhere = tmp_path / "records"
    assert read_facts(on_records, records=elsewhere).source is None
    shutil.copytree(records, elsewhere)
    (elsewhere / "folds.csv").write_text("name,group,fold\n")
    assert read_facts(on_records, records=elsewhere).source is None
    text, _ = written(on_records, tmp_path, cells=True, records=tmp_path / "nowhere")
    assert "were not found. Name them with --records DIR" in text and "<img" not in text
    shutil.copyfile(records / "folds.csv", elsewhere / "folds.csv")
    manifest = elsewhere / "manifest.json"
    manifest.write_text(manifest.read_text() + " ")  # Other images, it may be, of the same names.
    text, _ = written(on_records, tmp_path, cells=True, records=elsewhere)
    assert "were not found. Name them with --records DIR" in text and "<img" not in text


def test_page_of_the_whole_preliminary_phase_can_be_mailed(tmp_path):
    people = tuple(f"ZEBRA{n}" for n in range(28))
    run = write_run(tmp_path / "run", evaluated=draw_predictions(cells=1867, patients=people))
    assert len(written(run, tmp_path)[0]) < 1_000_000  # Pictures add 16 of 4 to 8 KB.
