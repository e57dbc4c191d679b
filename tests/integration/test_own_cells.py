"""A laboratory's own cells, from its folders to the report, under its own names."""

import json
import re
import shutil

import numpy as np
import pytest
from PIL import Image

from all_tf.analysis.explain_run import explain_run
from all_tf.analysis.label_review import write_review
from all_tf.analysis.probe_run import probe_run
from all_tf.config.experiment import Experiment
from all_tf.evaluation.evaluate import evaluate_run
from all_tf.evaluation.predict_images import predict_new
from all_tf.launch.cross_validate import begin, cross_validate, plan_refit
from all_tf.reports.html_report.write import write_about
from all_tf.reports.run_facts import read_facts
from all_tf.reports.text import format_patients, format_report
from all_tf.runs.checksums import write_checksums
from all_tf.runs.folder import EvaluationSet, RunError
from all_tf.runs.prediction_files import read_predictions
from all_tf.runs.records_label import is_cnmc, records_label
from all_tf.runs.verification import verify
from all_tf.training.start import Start
from all_tf.training.train import train
from tests.all_tf.commands.test_scripts import call
from tfrecords.store.identity import read_identity
from tfrecords.store.index import read_index

EXPERIMENT = Experiment("base_cnn", image_size=32, weights="none", epochs=1, batch_size=32)
# What belongs to C-NMC; keys of files, as `num_groups_all`, are the same for everybody.
FOREIGN = re.compile(r"\b(ALL|HEM|C-NMC|CNMC|preliminary|leukaemi\w+)\b")


def draw(folder, *, patients: int, seed: int = 0, classes=("normal", "blast")) -> None:
    """Cells of so many patients of each class, four of each, `CLASS/PATIENT/IMAGE`."""
    rng = np.random.default_rng(seed)
    for label, name in enumerate(classes):
        for patient in range(patients):
            place = folder / name / f"{name[0]}{seed}{patient}"
            place.mkdir(parents=True)
            for number in range(4):
                pixels = np.zeros((450, 450, 3), np.uint8)
                side = 60 + 20 * label
                pixels[180 : 180 + side, 180 : 180 + side] = rng.integers(1, 256, (side, side, 3))
                Image.fromarray(pixels).save(place / f"{number}.png")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own") / "Kyiv 2026"
    draw(folder, patients=8)
    # The same picture under two patients: they are one person.
    shutil.copy(folder / "blast/b00/0.png", folder / "blast/b01/9.png")
    return folder


@pytest.fixture(scope="module")
def records(source):
    records = source.parent / "records"
    words = ["--layout", "folders", "--source", source, "--records", records, "--folds", "3"]
    ended = call("make_tfrecords.py", *words, "--positive", "blast", "--hold-out", "0.25")
    assert ended.returncode == 0, ended.stderr
    assert f"train.py --experiment scratch --records {records}" in ended.stdout
    return records


@pytest.fixture(scope="module")
def run(records):
    run = records.parent / "run"
    train(EXPERIMENT, records, run)
    return run


def test_records_are_those_of_cnmc_with_other_names(records):
    assert read_identity(records)[::2] == ("Kyiv 2026", ("normal", "blast"))
    rows = read_index(records)
    aside = {(row.label, row.group) for row in rows if row.split == "validation"}
    staying = {(row.label, row.group) for row in rows if row.split == "train"}
    assert [label for label, _ in sorted(aside)] == [0, 0, 1, 1] and not aside & staying
    assert (1, "b00+b01") in aside | staying
    files = {path.name for path in records.iterdir()}
    assert {"leakage.json", "suspects.csv", "duplicates.csv", "folds.csv"} <= files
    assert json.loads((records / "leakage.json").read_text())["shared"] == []


def test_source_that_says_nothing_of_its_classes_is_asked(source, tmp_path):
    words = ["--layout", "folders", "--source", source, "--records", tmp_path / "records"]
    ended = call("make_tfrecords.py", *words)
    assert ended.returncode == 1 and "--positive blast, or --positive normal" in ended.stderr
    ended = call("make_tfrecords.py", "--positive", "blast", "--source", source)
    assert ended.returncode == 2 and "--positive is for --layout folders" in ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_every_file_and_page_has_the_names_of_the_laboratory_alone(run, records):
    probe_run(run)
    explain_run(run, num_images=4)
    write_review(run)
    write_about([run])
    report = json.loads((run / "metrics.json").read_text())
    label = records_label(report)
    assert label.startswith("Kyiv 2026 (") and not is_cnmc(report)
    for name in ("metrics.json", "evaluation/validation/metrics.json", "config.json"):
        found = json.loads((run / name).read_text())
        assert (found["negative_class"], found["positive_class"]) == ("normal", "blast")
        assert found["records_name"] == "Kyiv 2026"
    texts = [*run.rglob("*.json"), *run.rglob("*.csv"), run / "report.html", run / "MODEL_CARD.md"]
    for path in (path for path in texts if "state" not in path.parts):
        text = path.read_text()
        # A checklist's paper, and the address of ours, are nobody's cells.
        assert not FOREIGN.findall(re.sub(r"<details>.*?</details>", "", text, flags=re.S)), path
    page, card = (run / "report.html").read_text(), (run / "MODEL_CARD.md").read_text()
    assert page.count(label) > 8 and "called blast" in page and "Nothing was published" in page
    assert "publication of the images" not in page  # Nor in the notes of the checklists.
    assert card.index("### Internal: Kyiv 2026") < card.index("### External: other records")
    predictions = read_predictions(run / "predictions.csv", classes=read_identity(records).classes)
    printed = format_report(report) + format_patients(predictions, threshold=0.5)
    assert label in printed and "blast-0" in printed and not FOREIGN.findall(printed)
    assert not [line for checked in verify(run) for line in checked.drift]


def test_decision_about_a_new_file_has_the_name_of_a_class(run, source):
    answer = predict_new(run, [source / "blast/b00", source / "normal/n00"])
    assert {row["decision"] for row in answer.rows} <= {"blast", "normal"} and answer.rows


def test_external_result_stands_apart_and_is_replaced_only_on_request(run, source, tmp_path):
    copy = shutil.copytree(run, tmp_path / "run")
    draw(tmp_path / "Lviv", patients=3, seed=1, classes=("other", "tumour"))
    words = ["--layout", "folders", "--source", tmp_path / "Lviv", "--records", tmp_path / "lviv"]
    words += ["--positive", "tumour", "--hold-out", "all"]
    ended = call("make_tfrecords.py", *words)
    assert ended.returncode == 0 and "evaluate.py RUN --records" in ended.stdout, ended.stderr
    asked = EvaluationSet("validation", records=tmp_path / "lviv")
    folder, report = evaluate_run(copy, asked)
    assert folder.parent.name.startswith("Lviv-") and "other classes" in report["stamps"]
    assert (report["negative_class"], report["positive_class"]) == ("other", "tumour")
    with pytest.raises(RunError, match="To replace it, pass --overwrite"):
        evaluate_run(copy, asked)
    words = [copy, "--records", tmp_path / "lviv", "--split", "validation", "--overwrite"]
    ended = call("evaluate.py", *words)
    assert str(folder) in ended.stdout and "tumour-01" in ended.stdout, ended.stderr
    assert not FOREIGN.search(ended.stdout)
    facts = read_facts(copy)
    assert [each.report["records_name"] for each in facts.sets] == ["Kyiv 2026"] * 2
    assert [each.report["records_name"] for each in facts.external] == ["Lviv"]
    write_about([copy])
    page = (copy / "report.html").read_text()
    assert (
        page.index("Internal results")
        < page.index("External results: other")
        < page.index("Lviv (")
    )
    assert not [line for checked in verify(copy) for line in checked.drift]


def test_run_is_not_scored_on_records_whose_classes_are_turned_round(run, tmp_path):
    draw(tmp_path / "turned", patients=2, seed=2)
    words = ["--layout", "folders", "--source", tmp_path / "turned", "--positive", "normal"]
    ended = call("make_tfrecords.py", *words, "--hold-out", "all", "--records", tmp_path / "r")
    assert ended.returncode == 0, ended.stderr
    with pytest.raises(RunError, match="Pack the images again with --positive blast"):
        evaluate_run(run, EvaluationSet("validation", records=tmp_path / "r"))


@pytest.mark.parametrize(
    ("key", "value"),
    [("records_name", "Lviv"), ("positive_class", "ALL"), ("records_sha256", "a" * 64)],
)
def test_result_that_claims_other_records_is_found(run, tmp_path, key, value):
    copy = shutil.copytree(run, tmp_path / "run")
    path = copy / "evaluation/validation/metrics.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))
    write_checksums(path.parent)
    assert any(key in line for checked in verify(copy) for line in checked.drift)


def test_probe_that_was_moved_beside_another_set_is_found_and_not_shown(run, tmp_path):
    copy = shutil.copytree(run, tmp_path / "run")
    _, folder = probe_run(copy)
    path = folder / "probes.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"records_sha256": "a" * 64}))
    write_checksums(folder)
    assert read_facts(copy).probes is None
    assert any("probes.json is of" in line for checked in verify(copy) for line in checked.drift)


@pytest.mark.slow
def test_all_folds_and_a_refit_work_on_own_cells(records, tmp_path):
    folder = tmp_path / "folds"
    options = ["--arch", "base_cnn", "--image-size", "32", "--weights", "none", "--epochs", "1"]
    begin(folder, EXPERIMENT, records=records, options=[*options, "--batch-size", "32"])
    report = cross_validate(folder)
    assert report["records_name"] == "Kyiv 2026" and report["positive_class"] == "blast"
    refit = plan_refit(folder)
    reports = train(refit.experiment, records, tmp_path / "refit", start=Start(refit.calibration))
    assert [each["split"] for each in reports] == ["train", "validation"]
    write_about([folder])
    assert "blast" in (folder / "report.html").read_text()
    assert not [line for checked in verify(tmp_path) for line in checked.drift]


def test_splits_of_the_laboratory_are_used_as_they_are(tmp_path):
    for seed, split in enumerate(("train", "validation", "test"), 3):
        draw(tmp_path / "lab" / split, patients=3, seed=seed)
    words = ["--layout", "folders", "--source", tmp_path / "lab", "--positive", "blast"]
    words += ["--folds", "3", "--records", tmp_path / "records"]
    refused = call("make_tfrecords.py", *words, "--hold-out", "1")
    assert refused.returncode == 1 and "this source has splits of its own" in refused.stderr
    assert call("make_tfrecords.py", *words).returncode == 0
    train(EXPERIMENT, tmp_path / "records", tmp_path / "run")
    folder, report = evaluate_run(tmp_path / "run", EvaluationSet("test"))
    assert report["num_images"] == 24 and not (folder / "submission.zip").exists()
    assert not [line for checked in verify(tmp_path / "run") for line in checked.drift]
    copy = tmp_path / "lab/test/blast/b50/0.png"
    shutil.copy(tmp_path / "lab/train/blast/b30/0.png", copy)
    refused = call("make_tfrecords.py", *words, "--overwrite")
    assert refused.returncode == 1 and "images of two splits have equal" in refused.stderr


def test_training_says_what_it_cannot_estimate_before_it_begins(records, tmp_path):
    options = ["--arch", "base_cnn", "--image-size", "32", "--weights", "none", "--epochs", "1"]
    words = [*options, "--records", records, "--run-dir", tmp_path / "run"]
    ended = call("train.py", *words)
    assert ended.returncode == 0, ended.stderr
    first = ended.stdout.splitlines()[0]
    assert first.startswith("WARNING: too few patients: train fold 0") and "of blast" in first
