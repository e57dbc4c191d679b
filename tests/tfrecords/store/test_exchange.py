"""Files that belong together are all old or all new, whenever a kill comes."""

import contextlib
import shutil
from pathlib import Path

import pytest

from tfrecords.packing.folding import refold
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
