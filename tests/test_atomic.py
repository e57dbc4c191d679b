"""A directory is whole or absent."""

import pytest

from tfrecords.atomic import fresh_directory


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


def test_directory_of_other_things_is_never_replaced(tmp_path):
    (tmp_path / "photos").write_text("mine")
    with pytest.raises(FileExistsError, match="holds no marker"):
        make(tmp_path, "new", overwrite=True)
    assert (tmp_path / "photos").read_text() == "mine"
