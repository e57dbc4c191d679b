"""A directory is whole or absent."""

import pytest

from tfrecords.packing.atomic import BusyError, fresh_directory


def make(target, text, *, overwrite=False):
    with fresh_directory(target, overwrite=overwrite, marker="marker") as directory:
        (directory / "marker").write_text(text)


def test_directory_appears_when_the_block_ends(tmp_path):
    target = tmp_path / "new" / "target"
    with fresh_directory(target, overwrite=False, marker="marker"):
        assert not target.exists()
    assert list(target.parent.iterdir()) == [target]


def test_failure_leaves_nothing_and_keeps_the_old(tmp_path):
    target = tmp_path / "target"
    with pytest.raises(RuntimeError), fresh_directory(target, overwrite=False, marker="marker"):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
    make(target, "old")
    with pytest.raises(RuntimeError), fresh_directory(target, overwrite=True, marker="marker"):
        raise RuntimeError
    assert (target / "marker").read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_existing_directory_is_replaced_only_when_told(tmp_path):
    target = tmp_path / "target"
    make(target, "old")
    with pytest.raises(FileExistsError, match="Pass --overwrite"):
        make(target, "new")
    make(target, "new", overwrite=True)
    assert (target / "marker").read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


def test_interrupted_block_leaves_its_work_for_the_next(tmp_path):
    target = tmp_path / "target"
    with (
        pytest.raises(KeyboardInterrupt),
        fresh_directory(target, overwrite=False, marker="marker") as directory,
    ):
        (directory / "half").write_text("done")
        raise KeyboardInterrupt
    assert not target.exists()
    with fresh_directory(target, overwrite=False, marker="marker") as directory:
        assert (directory / "half").read_text() == "done"
    assert (target / "half").is_file() and list(tmp_path.iterdir()) == [target]


def test_second_writer_of_one_target_is_refused(tmp_path):
    target = tmp_path / "target"
    with (
        fresh_directory(target, overwrite=False, marker="marker"),
        pytest.raises(BusyError, match="is being written by another process"),
    ):
        make(target, "second")
    make(tmp_path / "other", "a neighbour is no hindrance")


def test_kill_between_the_two_renames_is_put_right(tmp_path):
    target = tmp_path / "target"
    make(target, "old")
    target.rename(tmp_path / ".target.old")  # As a kill after the first rename leaves it.
    with pytest.raises(RuntimeError), fresh_directory(target, overwrite=True, marker="marker"):
        assert (target / "marker").read_text() == "old"
        raise RuntimeError
    assert list(tmp_path.iterdir()) == [target]


def test_directory_of_other_things_is_never_replaced(tmp_path):
    (tmp_path / "photos").write_text("mine")
    with pytest.raises(FileExistsError, match="holds no marker"):
        make(tmp_path, "new", overwrite=True)
    assert (tmp_path / "photos").read_text() == "mine"
