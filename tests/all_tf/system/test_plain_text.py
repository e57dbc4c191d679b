"""Text from a file is shown so that no character of it steers the screen."""

from pathlib import Path

import pytest

from all_tf.system.plain_text import (
    file_name,
    inert_markdown,
    public_name,
    without_folders,
)
from tfrecords.names import legible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("é ß 細胞, 3 %", "é ß 細胞, 3 %"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("gpj.\u202eexe", r"gpj.\u202eexe"),
        ("\u2066a\u2069\u200b", r"\u2066a\u2069\u200b"),
        ("a\rb\tc\x9b", r"a\rb\tc\x9b"),
        ("\udc80", r"\x80"),
        ("two\nlines", r"two\nlines"),
    ],
)
def test_steering_characters_are_escaped(text, shown):
    assert legible(text) == shown


def test_ends_of_lines_stay_where_asked():
    assert legible("a\n\x1bb", keep="\n") == "a\n\\x1bb"


def test_what_is_handed_on_names_no_folder_of_a_person(monkeypatch, tmp_path):
    assert file_name("/home/anna/x.h5") == file_name(r"C:\\Users\\anna\\x.h5") == "x.h5"
    assert file_name("/home/anna/runs/first/") == "first"
    assert without_folders("no /home/anna/a/b.csv, see https://doi.org/1 or runs/a") == (
        "no b.csv, see https://doi.org/1 or runs/a"
    )
    monkeypatch.setenv("HOME", str(tmp_path / "anna"))
    assert public_name(tmp_path / "anna") == public_name(Path("/home/anna")) == "runs"
    assert public_name(tmp_path / "anna/study") == "study"


def test_markdown_of_a_file_is_text():
    shown = inert_markdown("<img src=x> [a](http://e.vil) `b` *c* www.e.vil \x1b")
    assert shown == (r"&lt;img src=x&gt; \[a\](http&#58;//e.vil) \`b\` \*c\* www&#46;e.vil \\x1b")
