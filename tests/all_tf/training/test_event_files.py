"""Event files are cut back to the epochs that count, and otherwise left alone."""

import tensorflow as tf

from all_tf.training.event_files import drop_events_after
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
