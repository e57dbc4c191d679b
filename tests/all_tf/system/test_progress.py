"""Long work shows how far it has come: a bar on a terminal, now and then a line in a log."""

import sys
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from all_tf.data.cells import load_cells
from all_tf.system import progress
from all_tf.system.progress import bar, track
from all_tf.training.callbacks.batch_norm import RefreshBatchNorm
from all_tf.training.callbacks.progress_bar import ProgressBar
from tfrecords.store.manifest import read_manifest
from tfrecords.store.verification import verify_records


@pytest.fixture
def hasty(monkeypatch):
    """A log whose first line comes at once, the next ones as after hours."""
    monkeypatch.setattr(progress, "_SECONDS_TO_FIRST_LINE", 0.0)
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN_LINES", 1e9)


def test_short_work_says_nothing_in_a_log(capsys):
    assert list(track("abc", "reading", 3)) == ["a", "b", "c"]
    assert capsys.readouterr() == ("", "")


def test_bar_makes_no_semaphore_that_would_outlive_a_killed_process():
    assert not hasattr(bar("reading", 3).get_lock(), "mp_lock")


def test_log_has_a_line_after_two_seconds_and_then_one_in_twenty(capsys, monkeypatch):
    with bar("reading", 90, unit="step") as shown:
        clock = SimpleNamespace(now=shown.start_t)
        monkeypatch.setattr(shown, "_time", lambda: clock.now)
        for _ in range(90):  # A second each.
            clock.now += 1
            shown.update()
    lines = capsys.readouterr().err.splitlines()
    assert [int(line.split()[1]) for line in lines] == [2, 22, 42, 62, 82]
    assert lines[1].startswith("reading: 22 of 90, ") and lines[1].endswith(" left")
    assert "\r" not in "".join(lines)


def test_terminal_has_a_bar_that_is_wiped_at_the_end(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with bar("reading", 3) as shown:
        clock = SimpleNamespace(now=shown.start_t)
        monkeypatch.setattr(shown, "_time", lambda: clock.now)
        for _ in range(3):
            clock.now += 0.11  # Longer than between two drawings.
            shown.update()
    text = capsys.readouterr().err
    assert "reading:" in text and "2/3" in text and text.count("\n") == 0
    assert text.split("\r")[-2].strip() == "" and text.endswith("\r")


def test_validation_and_batch_norm_have_lines_of_their_own(capsys, hasty):
    line = ProgressBar(SimpleNamespace(best_epoch=1), validation_steps=2)
    line.set_params({"epochs": 1, "steps": 1})
    logs = dict.fromkeys(("loss", "f1", "kappa", "val_loss", "val_f1", "val_kappa"), 0.5)
    line.on_epoch_begin(0)
    line.on_train_batch_end(0, logs)
    refresh = RefreshBatchNorm(tf.data.Dataset.from_tensors((np.zeros((2, 1)), 0, 0)))
    refresh.set_model(keras.Sequential([keras.Input((1,)), keras.layers.BatchNormalization()]))
    refresh.on_test_begin()
    line.on_test_begin()
    line.on_test_batch_end(0)
    line.on_test_batch_end(1)
    line.on_epoch_end(0, logs)
    shown = [row.split(",")[0] for row in capsys.readouterr().err.splitlines()]
    assert shown == ["epoch 1/1: 1 of 1", "batch norm: 1 of 1", "epoch 1/1"]


def test_checking_of_shards_is_shown(records, capsys, hasty):
    told = []

    def note(items, description, total, *, unit):
        told.append((description, total, unit))
        return items

    verify_records(records, progress=note)
    splits = read_manifest(records)["splits"]
    assert told == [(f"checking {name}", len(it["shards"]), "shard") for name, it in splits.items()]
    load_cells(records, "validation")
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0] for line in lines] == ["checking validation"]
