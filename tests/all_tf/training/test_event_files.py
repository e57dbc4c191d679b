"""Event files are cut back to the epochs that count, and otherwise left alone."""

import tensorflow as tf

from all_tf.training.event_files import (
    drop_events_after,
    drop_results,
    rename_former_entry,
    result_writer,
)
from tests.interruptions import steps_of


def write(folder, steps):
    writer = tf.summary.create_file_writer(str(folder))
    for step in steps:
        with writer.as_default(step=step):
            tf.summary.scalar("loss", 0.5)
    writer.close()


def test_later_epochs_go_and_earlier_ones_stay(tmp_path):
    write(tmp_path / "tensorboard/train", (1, 2, 3))
    drop_events_after(tmp_path / "tensorboard", 2)
    assert steps_of(tmp_path, "train") == [1, 2]
    write(tmp_path / "tensorboard/train", (3, 4))
    assert steps_of(tmp_path, "train") == [1, 2, 3, 4]


def test_file_without_later_epochs_is_not_touched(tmp_path):
    write(tmp_path / "tensorboard/train", (1, 2))
    (path,) = (tmp_path / "tensorboard/train").iterdir()
    before = path.stat()
    drop_events_after(tmp_path / "tensorboard", 2)
    assert path.stat().st_ino == before.st_ino and path.stat().st_mtime_ns == before.st_mtime_ns


def test_tail_that_a_kill_has_cut_off_goes(tmp_path):
    write(tmp_path / "tensorboard/train", (1, 2))
    (path,) = (tmp_path / "tensorboard/train").iterdir()
    path.write_bytes(path.read_bytes()[:-5])
    drop_events_after(tmp_path / "tensorboard", 2)
    assert steps_of(tmp_path, "train") == [1]
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_no_folder_is_nothing_to_do(tmp_path):
    drop_events_after(tmp_path / "none", 0)
    assert list(tmp_path.iterdir()) == []


def test_steps_and_plans_of_later_epochs_go_too(tmp_path):
    writer = tf.summary.create_file_writer(str(tmp_path / "train"))
    for epoch in (0, 1):
        with writer.as_default(step=epoch):
            tf.summary.text("plan", f"from epoch {epoch}")
    for step in (4, 10, 11):
        with writer.as_default(step=step):
            tf.summary.scalar("steps/loss", 0.5)
    writer.close()
    drop_events_after(tmp_path, 1, steps_an_epoch=10)
    (path,) = (tmp_path / "train").iterdir()
    found = [
        (value.tag, event.step)
        for event in tf.compat.v1.train.summary_iterator(str(path))
        for value in event.summary.value
    ]
    assert found == [("plan", 0), ("steps/loss", 4), ("steps/loss", 10)]


def test_results_are_replaced_and_epochs_stay(tmp_path):
    write(tmp_path, (1, 2))
    writer = result_writer(tmp_path)
    writer.flush()
    writer.close()
    assert len(list(tmp_path.iterdir())) == 2
    drop_results(tmp_path)
    (left,) = tmp_path.iterdir()
    assert ".result." not in left.name


def test_events_of_an_earlier_version_are_those_of_the_selection_set(tmp_path):
    rename_former_entry(tmp_path / "none")
    write(tmp_path / "validation", [1])
    rename_former_entry(tmp_path)
    (kept,) = (tmp_path / "selection").iterdir()
    (tmp_path / "validation").mkdir()
    rename_former_entry(tmp_path)  # There is a newer one already.
    assert list((tmp_path / "selection").iterdir()) == [kept] and (tmp_path / "validation").is_dir()
