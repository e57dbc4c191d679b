"""A file that changes while it is packed is noticed, whatever its length and time."""

import os

import pytest

from tfrecords.packing.unchanged import SourceChangedError, file_states, refuse_changed


def rewrite(path):
    path.write_bytes(b"1234")


def replace_by_another(path):
    other = path.with_name("other")
    other.write_bytes(b"1234")
    other.replace(path)


def remove(path):
    path.unlink()


@pytest.mark.parametrize("change", [rewrite, replace_by_another, remove])
def test_change_of_equal_length_and_time_is_noticed(change, tmp_path):
    path = tmp_path / "cell\n.png"
    path.write_bytes(b"abcd")
    states, entry = file_states([path]), path.stat()
    refuse_changed([path], states)
    change(path)
    if path.exists():
        os.utime(path, ns=(entry.st_atime_ns, entry.st_mtime_ns))
    with pytest.raises(SourceChangedError, match=r"1 file changed.*\n  .*cell\\n\.png"):
        refuse_changed([path], states)
