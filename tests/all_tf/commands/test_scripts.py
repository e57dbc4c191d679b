"""The commands as a user types them: help at once, errors of one line, exit codes."""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import fields

import numpy as np
import pytest
from PIL import Image

from all_tf.config.engine import Engine
from all_tf.config.experiment import Experiment
from all_tf.launch import asked
from tests.conftest import ROOT
from tfrecords.synthetic.cells import draw_cell

SCRIPTS = sorted((ROOT / "scripts").glob("*.py"))
HEAVY = ("tensorflow", "keras", "numpy", "tensorflow_datasets", "sklearn", "matplotlib")


def call(script, *arguments, cwd=ROOT):
    return subprocess.run(
        [sys.executable, ROOT / "scripts" / script, *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_help_imports_nothing_heavy(script):
    answer = subprocess.run(
        [sys.executable, "-X", "importtime", script, "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {line.rsplit("|")[-1].strip() for line in answer.stderr.splitlines()}
    assert not imported & set(HEAVY)
    assert "usage:" in answer.stdout


def one_error(answer) -> str:
    """The error of a command that failed as it should: exit code 1, one message, no traceback."""
    assert answer.returncode == 1
    said = answer.stderr.removeprefix("loading TensorFlow ...\n")
    assert said.startswith("error: ") and "Traceback" not in said
    return said


def test_missing_source_says_where_the_data_is_and_how_to_draw_it(tmp_path):
    error = one_error(call("make_tfrecords.py", "--source", tmp_path / "no", cwd=tmp_path))
    assert "10.7937/tcia.2019.dc64i46r" in error and "make_synthetic.py --out" in error
    assert list(tmp_path.iterdir()) == []


def cut(source):
    for path in source.rglob("*_phase_data/*.bmp"):
        path.write_bytes(path.read_bytes()[:5000])
    return "/1.bmp: cut short"


def reduce_to_8_bits(source):
    path = next(source.rglob("UID_1_*.bmp"))
    Image.open(path).convert("P").save(path)
    return f"{path.name}: expected 24 bits a pixel, uncompressed; received 8 bits"


def misname(source):
    path = next(source.rglob("UID_1_*.bmp"))
    path.rename(path.with_name("cell.bmp"))
    return "cell.bmp: expected a name like"


def mismatch_labels(source):
    table = next(source.rglob("*.csv"))
    table.write_text(table.read_text().replace(",1.bmp", ",9999.bmp"))
    return "/1.bmp: not in the table of labels"


def empty_a_split(source):
    for path in source.rglob("*final_phase_data/*.bmp"):
        path.unlink()
    return "final_phase_data: the folder holds no image"


def turn_a_patient(source):
    path = next(source.rglob("UID_1_*_all.bmp"))
    path.rename(path.parents[1] / "hem" / path.name.replace("_all", "_hem"))
    return "patient 1 has both classes"


def mistake_the_folder(source):
    shutil.rmtree(source)
    source.mkdir()
    return "Expected the folder that holds"


@pytest.mark.parametrize(
    "spoil",
    [
        cut,
        reduce_to_8_bits,
        misname,
        mismatch_labels,
        empty_a_split,
        turn_a_patient,
        mistake_the_folder,
    ],
)
def test_bad_source_ends_in_one_error_and_nothing_is_written(spoil, synthetic, tmp_path):
    source = shutil.copytree(synthetic, tmp_path / "source")
    expected = spoil(source)
    out = tmp_path / "out"
    error = one_error(call("make_tfrecords.py", "--source", source, "--records", out / "records"))
    assert expected in error and not out.exists()


@pytest.mark.slow
def test_converter_packs_refuses_to_overwrite_and_overwrites(synthetic, tmp_path):
    arguments = ("--source", synthetic, "--records", tmp_path / "records", "--folds", 2)
    first = call("make_tfrecords.py", *arguments)
    assert first.returncode == 0, first.stderr
    assert "120 images of" in first.stdout and "train.py" in first.stdout
    before = (tmp_path / "records/manifest.json").read_text()
    assert "Pass --overwrite" in one_error(call("make_tfrecords.py", *arguments))
    assert call("make_tfrecords.py", *arguments, "--overwrite", "--seed", 1).returncode == 0
    assert (tmp_path / "records/manifest.json").read_text() != before
    assert [path.name for path in tmp_path.iterdir()] == ["records"]


@pytest.mark.slow
def test_train_and_evaluate_as_typed(records, tmp_path):
    trained = call(
        "train.py", "--experiment", "base_cnn", "--records", records, "--image-size", 32,
        "--seed", 4, "--augment", "none", "--limit-train", 20, "--fold", 2, "--crop", 400,
        "--optimizer", "sgd", "--schedule", "cosine", "--loss", "focal", "--dropout", 0.1,
        cwd=tmp_path,
    )  # fmt: skip
    assert trained.returncode == 0, trained.stderr
    (run,) = (tmp_path / "runs").iterdir()
    assert run.name.endswith("-base_cnn")
    for text in (
        "10 ALL", "10 HEM", "parameters", "central 400 px", "sgd at 0.001",
        "fine-tuning  loss focal, schedule cosine, dropout 0.1",
        "epoch 1/1", "val_kappa", "[optimistic]",
    ):  # fmt: skip
        assert text in trained.stdout
    assert trained.stdout.splitlines()[-2] == f"Run: runs/{run.name}"
    assert trained.stdout.splitlines()[-1].endswith("tensorboard --logdir runs")
    scored = call("evaluate.py", run, "--split", "test")
    assert scored.returncode == 0, scored.stderr
    assert (run / "evaluation/test/submission.zip").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--epochs", 0), "epochs of at least 1"),
        (("--augment", "spin"), "Unknown augment"),
        (("--records", "nowhere"), "No records in nowhere"),
    ],
)
def test_impossible_training_ends_in_one_error(arguments, message, tmp_path):
    answer = call("train.py", "--arch", "base_cnn", *arguments, cwd=tmp_path)
    assert message in one_error(answer)
    assert list(tmp_path.iterdir()) == []


def test_every_setting_of_experiment_and_engine_has_its_option():
    options = call("train.py", "--help").stdout
    # Several processes are what decides on the backend.
    options_of = {"backend": "num_processes", "score_held_out": "held_out"}
    for field in (*fields(Experiment), *fields(Engine)):
        name = options_of.get(field.name, field.name).replace("_", "-")
        assert re.search(rf"--{name}[ ,]", options)


@pytest.mark.parametrize("arguments", [(), ("--arch", "vgg16", "--experiment", "vgg16")])
def test_training_wants_an_architecture_or_an_experiment_and_not_both(arguments):
    answer = call("train.py", *arguments)
    assert answer.returncode == 2 and "--experiment" in answer.stderr


def test_resumed_run_takes_its_settings_from_the_run_alone(tmp_path):
    answer = call(
        "train.py", "--resume", tmp_path, "--seed", 0, "--deterministic", "--records", "r"
    )
    assert answer.returncode == 2
    assert "takes all settings from the run. Received: --deterministic, --seed" in answer.stderr
    error = one_error(call("train.py", "--resume", tmp_path, "--trust-records"))
    assert "it has no config.json" in error and list(tmp_path.iterdir()) == []


def test_architecture_without_a_row_is_trained_by_defaults_that_are_named(monkeypatch, capsys):
    monkeypatch.setattr(asked, "find_row", lambda arch: None)
    row = asked._row({"experiment": None, "arch": "vgg16"})
    assert row == Experiment("vgg16", image_size=224)
    said = capsys.readouterr().out
    assert "vgg16 has no row in all_tf/config/presets.py" in said
    assert "is a default: image_size 224, batch_size 32" in said


def test_unknown_monitor_is_refused_with_the_known_ones():
    answer = call("train.py", "--arch", "base_cnn", "--monitor", "val_kapa")
    assert answer.returncode == 2 and "val_kappa" in answer.stderr


@pytest.mark.slow
def test_verify_and_refold_as_typed(records, tmp_path):
    copy = shutil.copytree(records, tmp_path / "records")
    whole = call("make_tfrecords.py", "--verify", copy)
    assert whole.returncode == 0 and "is as it was written: 120 images" in whole.stdout
    refolded = call("make_tfrecords.py", "--refold", "official", "--records", copy)
    assert refolded.returncode == 0, refolded.stderr
    assert "WARNING" in refolded.stdout and "the caveat: leaky folds" in refolded.stdout
    shard = next(copy.glob("cnmc-train*"))
    data = bytearray(shard.read_bytes())
    data[5000] ^= 1
    shard.write_bytes(data)
    trained = call("train.py", "--arch", "base_cnn", "--records", copy, cwd=tmp_path)
    assert "cnmc-train.tfrecord-00000-of-00001: changed" in one_error(trained)
    told = trained.stdout.splitlines()  # Before anything was read but the tables.
    assert all(line.startswith("WARNING: too few patients: train fold 0") for line in told)
    assert not (tmp_path / "runs").exists()
    next(copy.glob("cnmc-test*")).write_bytes(b"")
    error = one_error(call("make_tfrecords.py", "--verify", copy))
    assert "cnmc-test.tfrecord-00000-of-00001: 0 bytes" in error


@pytest.mark.slow
def test_bad_bitmaps_are_let_go_where_that_is_allowed_and_recorded(synthetic, tmp_path):
    source = shutil.copytree(synthetic, tmp_path / "source")
    bad = sorted(source.rglob("*final_phase_data/*.bmp"))[:2]
    for path in bad:
        path.write_bytes(b"BM")
    arguments = ("--source", source, "--records", tmp_path / "records", "--folds", 2, "--no-scan")
    error = one_error(call("make_tfrecords.py", *arguments, "--allow-skips", 1))
    assert all(path.name in error for path in bad) and not (tmp_path / "records").exists()
    done = call("make_tfrecords.py", *arguments, "--allow-skips", 2)
    assert done.returncode == 0, done.stderr
    manifest = json.loads((tmp_path / "records/manifest.json").read_text())
    assert len(manifest["skipped"]) == 2 and "cut inside the header" in manifest["skipped"][0]
    assert "Skipped, and listed in the manifest" in done.stdout


@pytest.mark.slow
def test_cells_of_another_laboratory_are_packed_and_scored(records, tmp_path):
    rng = np.random.default_rng(0)
    for number, name in enumerate(["all/p1/a.png", "all/p1/b.jpg", "hem/p2/c.tif", "hem/d.png"]):
        path = tmp_path / "cells" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(draw_cell(rng, label=int(number < 2))[75:375, 75:375]).save(path)
    arguments = ("--source", tmp_path / "cells", "--layout", "folders")
    arguments += ("--records", tmp_path / "other", "--no-scan", "--hold-out", "all")
    assert "hem/d.png: no patient" in one_error(call("make_tfrecords.py", *arguments))
    packed = call("make_tfrecords.py", *arguments, "--patient-per-image")
    assert packed.returncode == 0, packed.stderr
    assert "WARNING: images without a patient" in packed.stdout
    assert f"Records: {tmp_path / 'other'}\nNext: " in packed.stdout
    assert "python scripts/evaluate.py RUN" in packed.stdout
    run = tmp_path / "run"
    trained = call(
        "train.py", "--arch", "base_cnn", "--records", records, "--image-size", 32,
        "--limit-train", 10, "--run-dir", run,
    )  # fmt: skip
    assert trained.returncode == 0, trained.stderr
    scored = call("evaluate.py", run, "--records", tmp_path / "other", "--split", "validation")
    assert scored.returncode == 0, scored.stderr
    assert "4 images of 3 patients" in scored.stdout
    assert "[each image its own patient]" in scored.stdout
