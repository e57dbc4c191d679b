"""A file is whole or absent, and none is written through a link."""

import errno
import os
import signal
import stat
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tfrecords.store.files import atomic_write, write_text


def test_file_appears_when_the_block_ends_and_ends_like_its_name(tmp_path):
    path = tmp_path / "plot.weights.h5"
    with atomic_write(path) as partial:
        assert partial.parent == tmp_path and partial.name.endswith("plot.weights.h5")
        partial.write_text("new")
        assert not path.exists()
    assert path.read_text() == "new" and list(tmp_path.iterdir()) == [path]


def test_name_may_be_as_long_as_the_disk_allows(tmp_path):
    path = tmp_path / ("n" * 251 + ".csv")
    write_text(path, "new")
    assert path.read_text() == "new"


def test_text_is_utf8_and_keeps_its_line_ends(tmp_path):
    write_text(tmp_path / "text", "\u00b5\r\n\n")
    assert (tmp_path / "text").read_bytes() == b"\xc2\xb5\r\n\n"


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left"), KeyboardInterrupt()])
def test_failure_in_the_middle_leaves_the_old_content(error, tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(type(error)), atomic_write(path) as partial:
        partial.write_text("ne")
        raise error
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_full_disk_at_the_end_leaves_the_old_content(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_text("old")

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_text(path, "new")
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_link_is_replaced_and_not_followed(tmp_path):
    thesis, path = tmp_path / "thesis.txt", tmp_path / "report.html"
    thesis.write_text("years of work")
    path.symlink_to(thesis)
    write_text(path, "new")
    assert thesis.read_text() == "years of work"
    assert path.read_text() == "new" and not path.is_symlink()


def test_hard_link_keeps_the_old_content(tmp_path):
    (tmp_path / "kept").write_text("old")
    (tmp_path / "file").hardlink_to(tmp_path / "kept")
    write_text(tmp_path / "file", "new")
    assert (tmp_path / "kept").read_text() == "old"


def test_permissions_follow_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        write_text(tmp_path / "file", "new")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640


def test_kill_leaves_the_old_content_or_the_new(tmp_path):
    path, whole = tmp_path / "file", {"a" * 2_000_000, "b" * 2_000_000}
    script = f"""
from pathlib import Path
from tfrecords.store.files import write_text
path = Path({str(path)!r})
while True:
    for letter in "ab":
        write_text(path, letter * 2_000_000)
        print(flush=True)
"""
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=ROOT)
        for _ in range(3):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert path.read_text() in whole
