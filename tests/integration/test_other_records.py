"""Results on records that a run was not trained on are kept apart, and say what they are worth."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from all_tf.analysis.probe_run import probe_run
from all_tf.config.experiment import Experiment
from all_tf.data.pixel_digests import pixel_digests
from all_tf.data.splits import load_set
from all_tf.evaluation.evaluate import evaluate_run
from all_tf.reports.comparison import compare_runs
from all_tf.reports.run_facts import read_facts
from all_tf.runs.checksums import write_checksums
from all_tf.runs.folder import EvaluationSet, RunError
from all_tf.runs.training_images import TRAINING_IMAGES_FILE, read_training_images
from all_tf.runs.verification import verify
from all_tf.training.train import train
from tests.conftest import ROOT, read_rows
from tfrecords.codec.png import encode_png
from tfrecords.packing.held_out import HoldOut
from tfrecords.packing.writer import Settings, write_records
from tfrecords.sources.folders import find_folder_images
from tfrecords.store.reader import load_examples

SET = "validation"


@pytest.fixture(scope="module")
def trained(records, tmp_path_factory):
    run = tmp_path_factory.mktemp("runs") / "run"
    experiment = Experiment("base_cnn", image_size=32, weights="none", epochs=1, batch_size=64)
    train(experiment, records, run)
    return run


@pytest.fixture
def run(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / "run")


def own_cells(records, split: str, *, names=None) -> list[tuple[str, int, Image.Image]]:
    """Patient, label and image of the cells of a split, or of those of these names."""
    from tensorflow.io import decode_png

    found = []
    for example in load_examples(records, split):
        if names is not None and example["name"] not in names:
            continue
        image = Image.fromarray(decode_png(bytes(example["image"])).numpy())
        found.append((example["patient"], example["label"], image))
    return found


def pack(cells, folder, *, name: str = "Kyiv, 2026") -> None:
    """Pack cells as another laboratory's validation set, at `folder`."""
    for number, (patient, label, image) in enumerate(cells):
        place = folder.parent / "source" / ("all" if label else "hem") / patient
        place.mkdir(parents=True, exist_ok=True)
        image.save(place / f"{number}.png")
    folder.mkdir()
    images = find_folder_images(folder.parent / "source", patient_per_image=False)
    settings = Settings(num_workers=1, layout="folders", name=name, hold_out=HoldOut(1.0))
    write_records(images, folder, settings)


def drawn(patients: str) -> list[tuple[str, int, Image.Image]]:
    rng = np.random.default_rng(7)
    cells = []
    for patient in patients:
        for label in (0, 1):
            pixels = np.zeros((450, 450, 3), np.uint8)
            pixels[200:250, 200:250] = rng.integers(1, 256, (50, 50, 3))
            cells.append((f"{patient}{label}", label, Image.fromarray(pixels)))
    return cells


def test_result_on_other_records_stands_beside_the_runs_own(run, tmp_path):
    other = tmp_path / "other"
    pack(drawn("abcdef"), other)
    own = (run / "evaluation/validation/metrics.json").read_bytes()
    folder, report = evaluate_run(run, EvaluationSet(SET, records=other))
    digest = report["records_sha256"][:12]
    assert folder == run / f"evaluation/Kyiv-2026-{digest}/validation"
    assert report["records_name"] == "Kyiv, 2026"
    assert (run / "evaluation/validation/metrics.json").read_bytes() == own
    assert report["records_sha256"] != json.loads(own)["records_sha256"]
    assert report["num_images"] == 12 and report["stamps"] == ["not calibrated"]
    assert not [line for checked in verify(run) for line in checked.drift]
    facts = read_facts(run)
    assert [each.report["records_sha256"] for each in facts.sets] == 2 * [
        json.loads(own)["records_sha256"]
    ]


def test_result_of_an_earlier_version_is_read_where_it_left_it(run, tmp_path):
    pack(drawn("abcdef"), tmp_path / "other")
    folder, report = evaluate_run(run, EvaluationSet(SET, records=tmp_path / "other"))
    new = ("records_name", "negative_class", "positive_class")
    earlier = {key: held for key, held in report.items() if key not in new}
    (folder / "metrics.json").write_text(json.dumps(earlier))
    write_checksums(folder)
    folder.parent.rename(run / f"evaluation/records-{report['records_sha256'][:12]}")
    assert not [line for checked in verify(run) for line in checked.drift]
    assert len(read_facts(run).external) == 1


def test_runs_are_compared_on_records_by_their_name(run, tmp_path):
    pack(drawn("abcdef"), tmp_path / "other")
    evaluate_run(run, EvaluationSet(SET, records=tmp_path / "other"))
    second = shutil.copytree(run, tmp_path / "second")
    command = [sys.executable, ROOT / "scripts/compare.py", run, second, "--on"]
    ended = subprocess.run([*command, "Kyiv, 2026"], capture_output=True, text=True, check=True)
    assert "6 ALL and 6 HEM patient groups of Kyiv, 2026 (" in ended.stdout
    ended = subprocess.run([*command, "Lviv"], capture_output=True, text=True, check=False)
    assert ended.returncode == 1 and "has results on " in ended.stderr and "Kyiv" in ended.stderr


def test_result_that_was_moved_to_the_place_of_another_is_found_by_verify(run, tmp_path):
    other = tmp_path / "other"
    pack(drawn("abcdef"), other)
    folder, _ = evaluate_run(run, EvaluationSet(SET, records=other))
    shutil.rmtree(run / "evaluation/validation")
    folder.rename(run / "evaluation/validation")
    drift = [line for checked in verify(run) for line in checked.drift]
    assert any("records_sha256" in line for line in drift)


def test_result_that_was_taken_away_is_missed_by_verify(run):
    folder = run / "evaluation/validation"
    for path in folder.iterdir():
        path.unlink()
    drift = [line for each in verify(run) for line in each.drift]
    assert drift == ["evaluation/validation: missing, though the records have this split"]


def test_list_of_training_images_that_was_changed_is_not_believed(run, records, tmp_path):
    path = run / TRAINING_IMAGES_FILE
    path.write_text("".join(path.read_text().splitlines(True)[:-1]))
    pack(own_cells(records, "train"), tmp_path / "other")
    with pytest.raises(RunError, match="training_images.csv: changed since it was written"):
        evaluate_run(run, EvaluationSet(SET, records=tmp_path / "other"))


def test_result_whose_metrics_were_taken_away_is_not_passed_over(run):
    (run / "evaluation/validation/metrics.json").unlink()
    with pytest.raises(RunError, match="evaluation/validation/metrics.json: missing"):
        read_facts(run)


def test_training_images_are_known_however_they_are_packed(run, records, tmp_path):
    other = tmp_path / "other"
    pack([("x" + p, label, image) for p, label, image in own_cells(records, "train")[:60]], other)
    _, report = evaluate_run(run, EvaluationSet(SET, records=other))
    assert "resubstitution" in report["stamps"]


def test_images_that_the_epoch_was_chosen_on_are_known_however_they_are_packed(
    run, records, tmp_path
):
    named = {row["name"] for row in read_rows(run / "predictions.csv")}
    chosen = own_cells(records, "train", names=named)
    pack([("x" + who, label, image) for who, label, image in chosen], tmp_path / "other")
    _, report = evaluate_run(run, EvaluationSet(SET, records=tmp_path / "other"))
    assert "optimistic" in report["stamps"] and "resubstitution" not in report["stamps"]
    own = json.loads((run / "metrics.json").read_text())
    assert report["auc"] == pytest.approx(own["auc"])
    shutil.rmtree(tmp_path / "source")
    who = chosen[0][0]  # Of other cells of the same patient only the id is known.
    pack([(who, *drawn("a")[chosen[0][1]][1:]), *drawn("bcdef")], tmp_path / "more")
    _, report = evaluate_run(run, EvaluationSet(SET, records=tmp_path / "more"))
    assert report["stamps"][:1] == ["patient ids of the selection set"]


def test_earlier_version_that_lists_no_selection_set_is_read(run, tmp_path):
    path = run / TRAINING_IMAGES_FILE
    rows = [line.split(",") for line in path.read_text().splitlines()]
    learnt = [",".join(row[:2]) for row in rows if row[2] != "chosen on"]
    path.write_text("\n".join(learnt) + "\n")
    write_checksums(run)
    known = read_training_images(run)
    assert len(known.pixels) == len(set(learnt)) - 1 and not known.chosen


def test_patients_of_the_training_set_are_known_by_their_ids(run, records, tmp_path):
    known = sorted(read_training_images(run).patients)[0]
    cells = drawn("abcdef")
    pack([(known, *cells[0][1:]), *cells[1:]], tmp_path / "other")
    _, report = evaluate_run(run, EvaluationSet(SET, records=tmp_path / "other"))
    assert report["stamps"][:1] == ["patient ids of the training set"]


def test_run_without_a_list_of_its_training_images_says_that_they_are_unknown(run, tmp_path):
    (run / TRAINING_IMAGES_FILE).unlink()
    pack(drawn("abcdef"), tmp_path / "other")
    with pytest.raises(RunError, match="training_images.csv: missing"):
        evaluate_run(run, EvaluationSet(SET, records=tmp_path / "other"))
    write_checksums(run)  # As an earlier version ended.
    _, report = evaluate_run(run, EvaluationSet(SET, records=tmp_path / "other"))
    assert report["stamps"][:1] == ["training images unknown"]


def test_probes_on_other_records_are_not_shown_beside_the_runs_own_metrics(run, tmp_path):
    pack(drawn("abcdef"), tmp_path / "other")
    _, folder = probe_run(run, EvaluationSet(SET, records=tmp_path / "other"))
    assert folder.parent.name.startswith("Kyiv-2026-") and not (run / "probes/probes.json").exists()
    assert read_facts(run).probes is None
    shutil.copytree(folder, run / "probes", dirs_exist_ok=True)  # As an earlier version left it.
    assert read_facts(run).probes is None
    _, folder = probe_run(run, EvaluationSet(fold=0))
    assert folder == run / "probes/train-fold-0"
    _, folder = probe_run(run)
    assert folder == run / "probes" and read_facts(run).probes is not None


def test_runs_on_images_of_the_same_names_in_other_records_are_not_compared(run, tmp_path):
    other = shutil.copytree(run, tmp_path / "second")
    path = other / "evaluation/validation/metrics.json"
    report = json.loads(path.read_text())
    path.write_text(json.dumps(report | {"records_sha256": "0" * 64}))
    write_checksums(path.parent)
    config = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps(config | {"manifest_sha256": "0" * 64}))
    write_checksums(other)
    with pytest.raises(ValueError, match="different records"):
        compare_runs(read_facts(run), read_facts(other))


def test_records_that_change_while_they_are_loaded_are_noticed(run, records, tmp_path, monkeypatch):
    import all_tf.data.splits as module

    copy = shutil.copytree(records, tmp_path / "copy")
    real = module.load_cells

    def exchange(*args, **options):
        cells = real(*args, **options)
        (copy / "manifest.json").write_text((copy / "manifest.json").read_text() + " ")
        return cells

    monkeypatch.setattr(module, "load_cells", exchange)
    facts = json.loads((run / "config.json").read_text())
    with pytest.raises(RunError, match="changed while they were read"):
        load_set(facts, EvaluationSet(SET, records=copy))
    experiment = Experiment("base_cnn", image_size=32, weights="none", epochs=1)
    with pytest.raises(RunError, match="changed while they were read"):
        train(experiment, copy, tmp_path / "new")
    assert not (tmp_path / "new/config.json").exists()


def test_digest_of_pixels_is_that_of_what_is_not_black():
    pixels = np.zeros((450, 450, 3), np.uint8)
    pixels[10:20, 30:50] = 7
    moved = np.roll(pixels, 1, axis=0)
    one, other, black = (
        encode_png(Image.fromarray(each)) for each in (pixels, moved, np.zeros_like(pixels))
    )
    digests = pixel_digests([one, other, black, one], title="drawn images")
    assert digests[0] == digests[3] and len(set(digests)) == 3
    assert all(len(digest) == 24 for digest in digests)


def test_script_says_where_it_wrote(run, tmp_path):
    pack(drawn("abcdef"), tmp_path / "other")
    command = [sys.executable, ROOT / "scripts/evaluate.py", run, "--records", tmp_path / "other"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "/evaluation/Kyiv-2026-" in ended.stdout.splitlines()[-1]
