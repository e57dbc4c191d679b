"""Files that belong together are all old or all new, whenever a kill comes."""

import contextlib
import shutil
from pathlib import Path

import pytest

from tfrecords.packing.atomic import BusyError, fresh_directory
from tfrecords.packing.folding import refold
from tfrecords.store import exchange
from tfrecords.store.exchange import finish_exchange, replace_together
from tfrecords.store.verification import verify_records

OLD, NEW = {"a": "old", "b": "old"}, {"a": "new", "b": "new"}


class Killed(BaseException):
    """Stands in for a kill: nothing in the code may catch it and go on."""


def content(directory):
    return {path.name: path.read_text() for path in directory.iterdir() if path.is_file()}


def kill_at(monkeypatch, number):
    """Raise `Killed` instead of renaming for the number-th time, and skip what tidies up."""
    done = []
    for name in ("replace", "rename"):
        original = getattr(Path, name)

        def renaming(self, target, original=original):
            if len(done) == number:
                raise Killed
            done.append(target)
            return original(self, target)

        monkeypatch.setattr(Path, name, renaming)
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)
    monkeypatch.setattr(Path, "rmdir", lambda _: None)


@pytest.mark.parametrize("number", range(6))
def test_kill_at_any_renaming_leaves_a_pair_that_belongs_together(number, tmp_path, monkeypatch):
    replace_together(tmp_path, OLD)
    with monkeypatch.context() as patch:
        kill_at(patch, number)
        if number < 5:
            with pytest.raises(Killed):
                replace_together(tmp_path, NEW)
        else:
            replace_together(tmp_path, NEW)
    finish_exchange(tmp_path)
    assert content(tmp_path) == (OLD if number < 3 else NEW)
    replace_together(tmp_path, NEW)
    assert content(tmp_path) == NEW and len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("number", range(8))
def test_refold_that_is_killed_leaves_folds_with_their_proof(
    number, records, tmp_path, monkeypatch
):
    copy = shutil.copytree(records, tmp_path / "copy")
    with monkeypatch.context() as patch:
        kill_at(patch, number)
        with contextlib.suppress(Killed):
            refold(copy, folds=2)
    assert "as it was written" in verify_records(copy)


def test_exchange_that_is_a_link_moves_nobody_elses_files(tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis").write_text("years of work")
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / ".exchange").symlink_to(tmp_path / "home")
    finish_exchange(tmp_path / "records")
    assert (tmp_path / "home" / "thesis").is_file()


def before_the_first(monkeypatch, name, other):
    """Let another process do something before the first call of a function of the module."""
    original, done = getattr(exchange, name), []

    def late(*args):
        if not done:
            done.append(True)
            other()
        return original(*args)

    monkeypatch.setattr(exchange, name, late)


def test_reader_that_is_late_leaves_the_exchange_of_the_next_writer(tmp_path, monkeypatch):
    replace_together(tmp_path, OLD)
    ready = tmp_path / ".exchange"
    ready.mkdir()  # As a reader finds it that has renamed the last file.

    def write():
        """All that `replace_together` does until its exchange counts."""
        ready.rmdir()
        ready.mkdir()
        for name, text in NEW.items():
            (ready / name).write_text(text)

    before_the_first(monkeypatch, "synchronize", write)
    finish_exchange(tmp_path)
    finish_exchange(tmp_path)  # The writer's last step.
    assert content(tmp_path) == NEW and len(list(tmp_path.iterdir())) == 2


def test_exchange_that_another_process_has_finished_is_no_error(tmp_path, monkeypatch):
    replace_together(tmp_path, OLD)
    ready = tmp_path / ".exchange"
    ready.mkdir()
    original = Path.iterdir

    def late(self):
        if self == ready:
            ready.rmdir()
        return original(self)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "iterdir", late)
        finish_exchange(tmp_path)
    assert content(tmp_path) == OLD


def test_second_refold_of_the_same_records_is_refused(records, tmp_path, monkeypatch):
    copy = shutil.copytree(records, tmp_path / "copy")
    (tmp_path / "link").symlink_to(copy)

    def refold_too():
        with pytest.raises(BusyError, match="copy is being written by another process. Wait"):
            refold(tmp_path / "link", folds=3)

    before_the_first(monkeypatch, "write_text", refold_too)
    packed = refold(copy, folds=2)
    assert set(packed.fold_of_name.values()) == {0, 1}
    assert "as it was written" in verify_records(copy)
    refold(copy, folds=3)
    assert {path.name for path in tmp_path.iterdir()} == {"copy", "link"}


def test_records_that_are_packed_again_are_not_refolded_meanwhile(records, tmp_path):
    copy = shutil.copytree(records, tmp_path / "copy")
    with (
        pytest.raises(BusyError),
        fresh_directory(copy, overwrite=True, marker="manifest.json"),
    ):
        refold(copy, folds=3)
    assert "as it was written" in verify_records(copy)
