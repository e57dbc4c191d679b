"""A directory is whole or absent."""

import pytest

from tfrecords.packing.atomic import BusyError, check_target, fresh_directory


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


def test_target_behind_a_link_is_replaced_and_the_link_stays(tmp_path):
    (tmp_path / "disk").mkdir()
    link = tmp_path / "records"
    link.symlink_to(tmp_path / "disk" / "real")
    for text in ("new", "newer"):
        make(link, text, overwrite=True)
        assert link.is_symlink() and (tmp_path / "disk/real/marker").read_text() == text
    assert [path.name for path in (tmp_path / "disk").iterdir()] == ["real"]
    assert {path.name for path in tmp_path.iterdir()} == {"disk", "records"}


def test_link_in_the_place_of_the_unfinished_directory_is_not_written_through(tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / ".target.partial").symlink_to(tmp_path / "home")
    (tmp_path / ".target.old").symlink_to(tmp_path / "home")
    make(tmp_path / "target", "new")
    assert list((tmp_path / "home").iterdir()) == []
    assert not (tmp_path / "target").is_symlink()


def test_work_is_kept_after_an_error_that_another_argument_avoids(tmp_path):
    target = tmp_path / "target"
    with (
        pytest.raises(KeyError),
        fresh_directory(
            target, overwrite=False, marker="marker", keep_after=(KeyError,)
        ) as directory,
    ):
        (directory / "half").write_text("done")
        raise KeyError
    with fresh_directory(target, overwrite=False, marker="marker") as directory:
        assert (directory / "half").read_text() == "done"


def test_old_directory_that_is_restored_is_not_replaced_without_a_word(tmp_path):
    make(tmp_path / "target", "old")
    (tmp_path / "target").rename(tmp_path / ".target.old")  # As a kill leaves it.
    with pytest.raises(FileExistsError, match="Pass --overwrite"):
        make(tmp_path / "target", "new")
    assert (tmp_path / "target/marker").read_text() == "old"


@pytest.mark.parametrize("place", ["file/target", "file", "circle", "full"])
def test_target_that_cannot_be_written_is_refused_before_the_work(place, tmp_path):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine").touch()
    with pytest.raises(OSError, match="cannot be made|exists already|a link in a circle"):
        check_target(tmp_path / place, overwrite=False, marker="marker")
