"""The files of a result are replaced together, or the former ones stay with their checksums."""

import multiprocessing
import os

import pytest

from all_tf.runs.checksums import changed_files, read_checksums
from all_tf.runs.result_files import replaced_files


@pytest.fixture
def result(tmp_path):
    """A result of two files, and a note that somebody has added."""
    folder = tmp_path / "evaluation/validation"
    with replaced_files(folder) as partial:
        (partial / "metrics.json").write_text("old")
        (partial / "predictions.csv").write_text("old")
    (folder / "notes.txt").write_text("mine")
    return folder


def content(folder) -> dict[str, str]:
    return {x.name: x.read_text() for x in folder.iterdir() if not x.name.startswith(".lock")}


def test_new_files_and_checksums_take_the_place_of_the_old_ones(result):
    with replaced_files(result) as partial:
        (partial / "metrics.json").write_text("new")
    assert changed_files(result) == []
    assert set(read_checksums(result)) == {"metrics.json", "predictions.csv"}
    expected = {"metrics.json": "new", "predictions.csv": "old", "notes.txt": "mine"}
    assert content(result).items() >= expected.items()


def test_file_that_the_new_result_does_not_have_goes_with_its_line(result):
    with replaced_files(result, dropped=("predictions.csv", "submission.zip")) as partial:
        (partial / "metrics.json").write_text("new")
    assert content(result).keys() == {"metrics.json", "notes.txt", "SHA256SUMS"}
    assert set(read_checksums(result)) == {"metrics.json"}


def test_file_that_was_changed_keeps_the_line_that_it_does_not_fit(result):
    (result / "predictions.csv").write_text("forged")
    with replaced_files(result) as partial:
        (partial / "metrics.json").write_text("new")
    assert changed_files(result) == ["predictions.csv: changed since it was written (SHA-256)"]


def test_checksums_that_are_damaged_vouch_for_nothing(result):
    (result / "SHA256SUMS").write_text("?")
    with replaced_files(result) as partial:
        (partial / "metrics.json").write_text("new")
    assert set(read_checksums(result)) == {"metrics.json"}


def test_result_of_a_run_gives_all_of_its_files_a_line(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with replaced_files(tmp_path) as partial:
        (partial / "metrics.json").write_text("{}")
    (tmp_path / "config.json").write_text("{ }")  # Written again when the run is resumed.
    with replaced_files(tmp_path) as partial:
        (partial / "metrics.json").write_text("{}")
    assert changed_files(tmp_path) == []
    assert set(read_checksums(tmp_path)) == {"config.json", "metrics.json"}


def write_and_stop(folder, how):
    with replaced_files(folder) as partial:
        (partial / "metrics.json").write_text("new")
        if how == "error":
            raise OSError("no space left")
        if how == "interruption":
            raise KeyboardInterrupt
        os._exit(9)  # As a kill does.


@pytest.mark.parametrize("how", ["error", "interruption"])
def test_what_is_not_complete_changes_nothing(how, result):
    before = content(result)
    with pytest.raises((OSError, KeyboardInterrupt)):
        write_and_stop(result, how)
    assert content(result) == before
    assert changed_files(result) == []


def test_killed_writer_changes_nothing_and_the_next_one_removes_its_files(result):
    before = content(result)
    writer = multiprocessing.get_context("spawn").Process(
        target=write_and_stop, args=(result, "kill")
    )
    writer.start()
    writer.join()
    assert writer.exitcode == 9
    partial = result / ".partial-result"
    assert (partial / "metrics.json").read_text() == "new"
    assert {name: (result / name).read_text() for name in before} == before
    with replaced_files(result):
        assert list(partial.iterdir()) == []
    assert not partial.exists()


def test_checksums_come_last(result, monkeypatch):
    """So that a kill between two moves leaves what no reader accepts, never a false result."""
    moved = []
    replace = type(result).replace

    def note(path, target):
        moved.append(target.name)
        return replace(path, target)

    monkeypatch.setattr(type(result), "replace", note)
    with replaced_files(result) as partial:
        for name in ("zeta.csv", "metrics.json"):
            (partial / name).write_text("new")
    assert [name for name in moved if not name.startswith(".")][-3:] == [
        "metrics.json",
        "zeta.csv",
        "SHA256SUMS",
    ]


def test_two_that_fill_one_result_follow_each_other(result):
    """One waits for the other, so that the files are those of one of them."""
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=write_both, args=(result, text)) for text in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert changed_files(result) == []
    found = content(result)
    assert found["metrics.json"] == found["predictions.csv"] in ("a", "b")


def write_both(folder, text):
    with replaced_files(folder) as partial:
        for name in ("metrics.json", "predictions.csv"):
            (partial / name).write_text(text)
