"""Checksums are those of sha256sum, and tell which file was changed or is missing."""

import hashlib

import pytest

from all_tf.runs.checksums import SUMS_FILE, changed_files, read_checksums, write_checksums
from all_tf.runs.errors import RunError


def test_sums_are_of_the_files_that_are_done(tmp_path):
    (tmp_path / "metrics.json").write_text("{}")
    (tmp_path / "status.json").write_text("running")  # Written again later.
    (tmp_path / ".lock").touch()
    (tmp_path / "state").mkdir()
    write_checksums(tmp_path)
    digest = hashlib.sha256(b"{}").hexdigest()
    assert (tmp_path / SUMS_FILE).read_text() == f"{digest}  metrics.json\n"
    assert read_checksums(tmp_path) == {"metrics.json": digest}
    assert changed_files(tmp_path) == []


def test_changed_and_missing_files_are_named(tmp_path):
    for name in ("a.csv", "b.csv", "c.csv"):
        (tmp_path / name).write_text(name)
    write_checksums(tmp_path)
    (tmp_path / "a.csv").write_text("other")
    (tmp_path / "b.csv").unlink()
    first, second = changed_files(tmp_path)
    assert first.startswith("a.csv: changed") and second == "b.csv: missing"


def test_folder_without_sums_has_none(tmp_path):
    assert read_checksums(tmp_path) == {} and changed_files(tmp_path) == []


@pytest.mark.parametrize("end", ["", "\v", "\u2028"])
def test_line_that_does_not_end_was_cut_or_changed(tmp_path, end):
    (tmp_path / "a.csv").write_text("a")
    write_checksums(tmp_path)
    sums = tmp_path / SUMS_FILE
    sums.write_text(sums.read_text().removesuffix("\n") + end)
    with pytest.raises(RunError, match=r"SHA256SUMS is damaged .*\(line 1\): the last line is cut"):
        read_checksums(tmp_path)
