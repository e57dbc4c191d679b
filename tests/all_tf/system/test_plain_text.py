"""Text from a file is shown so that no character of it steers the screen."""

import pytest

from tfrecords.names import legible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("é ß 細胞, 3 %", "é ß 細胞, 3 %"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("gpj.\u202eexe", r"gpj.\u202eexe"),
        ("\u2066a\u2069\u200b", r"\u2066a\u2069\u200b"),
        ("a\rb\tc\x9b", r"a\rb\tc\x9b"),
        ("\udc80", r"\udc80"),
        ("two\nlines", r"two\nlines"),
    ],
)
def test_steering_characters_are_escaped(text, shown):
    assert legible(text) == shown


def test_ends_of_lines_stay_where_asked():
    assert legible("a\n\x1bb", keep="\n") == "a\n\\x1bb"
