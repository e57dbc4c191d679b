"""Places of results are checked before the work, and no two processes get the same one."""

import errno
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from all_tf.system import outputs
from all_tf.system.outputs import (
    claimed_file,
    claimed_folder,
    is_unused,
    require_file,
    require_folder,
    require_new_file,
)


@pytest.fixture
def full(monkeypatch):
    """A disk without any space left."""

    def write(descriptor, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(outputs.os, "write", write)


def test_good_places_are_taken_and_nothing_is_left(tmp_path):
    (tmp_path / "old.csv").write_text("old")
    require_file(tmp_path / "old.csv", ending=(".md", ".csv"))
    require_new_file(tmp_path / "new.csv")
    require_folder(tmp_path / "a/b")
    assert [path.name for path in tmp_path.iterdir()] == ["old.csv"]


def test_missing_folder_folder_and_device_are_no_files(tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no folder .*/no. Make it"):
        require_file(tmp_path / "no/p.csv")
    with pytest.raises(IsADirectoryError, match="is a folder"):
        require_file(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="is not a regular file"):
        require_file(tmp_path / "pipe")
    with pytest.raises(ValueError, match=r"Expected a file \*.md or \*.csv. Received: .*p.txt"):
        require_file(tmp_path / "p.txt", ending=(".md", ".csv"))


def test_what_is_there_is_not_new(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileExistsError, match="exists already"):
        require_new_file(tmp_path / "link")
    with pytest.raises(FileExistsError), claimed_file(tmp_path / "link"):
        pass


def test_file_is_no_folder_nor_above_one(tmp_path):
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file/a/b"):
        with pytest.raises(NotADirectoryError, match="file is not a folder"):
            require_folder(path)


def test_full_disk_is_noticed_and_nothing_is_left(tmp_path, full):
    for require in (require_folder, lambda folder: require_file(folder / "p.csv")):
        with pytest.raises(OSError, match=r"Nothing can be written in .* \(no space is left\)"):
            require(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_folder_without_rights_is_noticed(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OSError, match=r"\(Permission denied\)"):
        require_folder(tmp_path / "new")


def test_many_at_once_get_a_file_each_and_the_next_name(tmp_path):
    def claim(number):
        with claimed_file(tmp_path / "p.csv", or_next=True) as path:
            path.write_text(str(number))
            return path.name

    with ThreadPoolExecutor(8) as pool:
        names = set(pool.map(claim, range(8)))
    assert names == {"p.csv", *(f"p-{number}.csv" for number in range(2, 9))}
    assert {path.read_text() for path in tmp_path.iterdir()} == set("01234567")


def test_claimed_file_without_a_result_is_removed(tmp_path):
    with pytest.raises(KeyboardInterrupt), claimed_file(tmp_path / "p.csv") as path:
        assert path.is_file()
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_many_at_once_get_a_folder_each(tmp_path):
    def claim(number):
        with claimed_folder(tmp_path / "runs/run") as path:
            (path / "result").touch()
            return path.name

    with ThreadPoolExecutor(8) as pool:
        names = set(pool.map(claim, range(8)))
    assert names == {"run", *(f"run-{number}" for number in range(2, 9))}


def test_folder_without_a_result_is_removed_with_the_one_above_if_that_was_new(tmp_path):
    with claimed_folder(tmp_path / "runs/run"):
        pass
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "runs").mkdir()
    with claimed_folder(tmp_path / "runs/run"):
        pass
    assert [path.name for path in tmp_path.rglob("*")] == ["runs"]


def test_locks_and_files_half_written_leave_a_folder_unused(tmp_path):
    assert is_unused(tmp_path / "none") and is_unused(tmp_path)
    for name in (".lock", ".lock-claims", ".partial-0123-config.json"):
        (tmp_path / name).touch()
    assert is_unused(tmp_path)
    (tmp_path / "config.json").touch()
    assert not is_unused(tmp_path)
