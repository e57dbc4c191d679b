"""A folder has one holder at a time, until that and its children have ended."""

import subprocess
import sys

import pytest

from all_tf.system.locks import LOCK_FILE, locked


def test_second_holder_is_refused_and_the_next_one_is_not(tmp_path):
    refusal = ValueError("taken")
    with (
        locked(tmp_path, refusal=refusal),
        pytest.raises(ValueError, match="taken"),
        locked(tmp_path, refusal=refusal),
    ):
        pass
    with locked(tmp_path, refusal=refusal):
        pass


def test_child_that_inherits_the_lock_holds_it_on(tmp_path):
    with locked(tmp_path, refusal=ValueError()) as held:
        command = [sys.executable, "-c", "input()"]
        child = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[held])
    with pytest.raises(ValueError, match="taken"), locked(tmp_path, refusal=ValueError("taken")):
        pass
    child.communicate(b"\n", timeout=60)
    with locked(tmp_path, refusal=ValueError("taken")):
        pass


def test_link_in_the_place_of_the_lock_is_refused_and_its_file_untouched(tmp_path):
    thesis = tmp_path / "thesis.txt"
    thesis.write_text("years of work")
    (tmp_path / LOCK_FILE).symlink_to(thesis)
    with pytest.raises(OSError, match="symbolic"), locked(tmp_path, refusal=ValueError("taken")):
        pass
    assert thesis.read_text() == "years of work"
