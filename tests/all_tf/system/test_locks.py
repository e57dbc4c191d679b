"""A folder has one holder at a time, until that and its children have ended."""

import subprocess
import sys
import threading

import pytest

from all_tf.system.locks import LOCK_FILE, lock_of, locked, waiting_lock


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


def test_locks_on_two_things_of_a_folder_do_not_meet(tmp_path):
    with (
        locked(tmp_path, refusal=ValueError(), name=lock_of("a")),
        locked(tmp_path, refusal=ValueError(), name=lock_of("b")),
        pytest.raises(ValueError, match="taken"),
        locked(tmp_path, refusal=ValueError("taken"), name=lock_of("a")),
    ):
        pass


def test_second_one_waits_for_the_end_of_the_first(tmp_path):
    order = []

    def second():
        with waiting_lock(tmp_path, name="x"):
            order.append("second")

    with waiting_lock(tmp_path, name="x"):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.2)
        order.append("first")
    thread.join(60)
    assert order == ["first", "second"]
