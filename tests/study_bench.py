"""A study on stubs: a folder in which run_study.py trains rows in moments, and calls of it."""

import runpy
import shutil
import signal
import subprocess
import sys

import pytest

from all_tf.launch import run_queue
from all_tf.reports import study
from tests.conftest import ROOT
from tfrecords.store.manifest import describe_file, write_manifest

ROWS = "base_cnn,vgg16,densenet169"


@pytest.fixture
def bench(tmp_path):
    """Copies of run_study.py and, as its train.py, of the stub; records of two splits."""
    shutil.copy(ROOT / "tests/stubs/run_study.py", tmp_path)
    shutil.copy(ROOT / "tests/stubs/train.py", tmp_path / "train.py")
    (tmp_path / "records").mkdir()
    split = {"num_images": 0, "num_images_of_class": {}, "shards": []}
    splits = {"train": split, "validation": split}
    (tmp_path / "records/images.csv").touch()
    facts = {"seed": 0, "layout": "cnmc", "patient_per_image": False, "splits": splits}
    index = describe_file(tmp_path / "records/images.csv")
    write_manifest(tmp_path / "records", {**facts, "index": index})
    (tmp_path / "records/folds.csv").write_text("name,group,fold\n")
    return tmp_path


def command(bench, *options, rows=ROWS):
    words = [sys.executable, bench / "run_study.py", "--rows", rows, *options]
    return [*map(str, words), "--records", "records", "--study-dir", "study"]


@pytest.fixture
def call(bench, monkeypatch, capsys):
    """Run the script on the bench, in this process for speed: `call(*options, rows=...)`."""
    monkeypatch.setattr(run_queue, "process_command", run_queue.process_command)  # Put back.
    monkeypatch.chdir(bench)
    # Drawing takes most of a call; test_comparison.py looks at the chart.
    monkeypatch.setattr(study, "draw_study", lambda path, rows, **how: path.touch())
    handler = signal.getsignal(signal.SIGTERM)

    def as_typed(*options, rows=ROWS) -> subprocess.CompletedProcess:
        words = command(bench, *options, rows=rows)[1:]
        monkeypatch.setattr(sys, "argv", words)
        code = 0
        try:
            runpy.run_path(words[0], run_name="__main__")
        except SystemExit as end:
            code = end.code
        out, err = capsys.readouterr()
        if isinstance(code, str):  # As the interpreter would end.
            err, code = err + code, 1
        return subprocess.CompletedProcess(words, code, out, err)

    yield as_typed
    signal.signal(signal.SIGTERM, handler)


def trained(bench) -> list[str]:
    """Names of the rows whose training was begun, in order."""
    return [line.split()[0] for line in (bench / "order.txt").read_text().splitlines()]
