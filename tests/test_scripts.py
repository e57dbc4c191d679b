"""The commands as a user types them: help at once, errors of one line, exit codes."""

import subprocess
import sys

import pytest
from conftest import ROOT

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
    assert answer.stderr.startswith("error: ") and "Traceback" not in answer.stderr
    return answer.stderr


def test_missing_source_says_where_the_data_is_and_how_to_draw_it(tmp_path):
    error = one_error(call("make_tfrecords.py", "--source", tmp_path / "no", cwd=tmp_path))
    assert "10.7937/tcia.2019.dc64i46r" in error and "make_synthetic.py --out" in error
    assert list(tmp_path.iterdir()) == []


def test_bad_images_are_listed_and_nothing_is_written(draw_source, tmp_path):
    source = draw_source({"fold_0/all/UID_1_1_1_all.bmp": 1, "fold_0/hem/UID_H1_1_1_hem.bmp": 2})
    for path in source.rglob("*.bmp"):
        path.write_bytes(path.read_bytes()[:5000])
    error = one_error(
        call("make_tfrecords.py", "--source", source, "--records", tmp_path / "out/records")
    )
    assert "UID_1_1_1_all.bmp: cut short" in error and "UID_H1_1_1_hem.bmp: cut short" in error
    assert not (tmp_path / "out").exists()


def test_converter_packs_refuses_to_overwrite_and_overwrites(synthetic, tmp_path):
    arguments = ("--source", synthetic, "--records", tmp_path / "records", "--folds", 2)
    first = call("make_tfrecords.py", *arguments)
    assert first.returncode == 0, first.stderr
    assert "Packed 120 images" in first.stdout and "train.py" in first.stdout
    before = (tmp_path / "records/manifest.json").read_text()
    assert "Pass --overwrite" in one_error(call("make_tfrecords.py", *arguments))
    assert call("make_tfrecords.py", *arguments, "--overwrite", "--seed", 1).returncode == 0
    assert (tmp_path / "records/manifest.json").read_text() != before
    assert [path.name for path in tmp_path.iterdir()] == ["records"]


def test_train_and_evaluate_as_typed(records, tmp_path):
    trained = call(
        "train.py", "--arch", "base_cnn", "--records", records, "--image-size", 32, "--seed", 4,
        "--augment", "none", "--limit-train", 20, "--fold", 2, cwd=tmp_path,
    )  # fmt: skip
    assert trained.returncode == 0, trained.stderr
    (run,) = (tmp_path / "runs").iterdir()
    assert run.name.endswith("-base_cnn")
    for text in ("10 ALL", "10 HEM", "parameters", "epoch 1/1", "val_kappa", "[optimistic]"):
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


def test_unknown_monitor_is_refused_with_the_known_ones():
    answer = call("train.py", "--arch", "base_cnn", "--monitor", "val_kapa")
    assert answer.returncode == 2 and "val_kappa" in answer.stderr
