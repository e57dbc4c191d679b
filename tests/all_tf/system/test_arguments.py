"""Values of options are refused by the command line, before any work."""

import argparse

import pytest

from all_tf.system.arguments import folds_choice, path_to_read, path_to_write, whole_number

BAD_NUMBERS = ["", " ", "x", "nan", "inf", "1.5", "1e3", "-1", "9" * 5000, "\x1b"]


@pytest.mark.parametrize("text", [*BAD_NUMBERS, "8"])
def test_number_outside_the_range_is_refused_with_the_range(text):
    with pytest.raises(argparse.ArgumentTypeError, match="a whole number from 0 to 7; received: '"):
        whole_number(0, 7)(text)


def test_number_within_the_range_is_taken():
    assert [whole_number(0, 7)(text) for text in ("0", "7")] == [0, 7]


@pytest.mark.parametrize("text", [*BAD_NUMBERS, "0", "1", "Official"])
def test_folds_are_two_or_more_or_official(text):
    with pytest.raises(argparse.ArgumentTypeError):
        folds_choice(text)
    assert (folds_choice("2"), folds_choice("official")) == (2, "official")


@pytest.mark.parametrize("text", ["", "  "])
def test_empty_path_is_not_the_current_folder(text):
    for parse in (path_to_read, path_to_write):
        with pytest.raises(argparse.ArgumentTypeError, match="expected a path"):
            parse(text)


def test_path_to_write_has_to_be_utf8():
    assert str(path_to_read("zelle_\udce4")) == "zelle_\udce4"
    with pytest.raises(argparse.ArgumentTypeError, match=r"not UTF-8.*zelle_\\xe4"):
        path_to_write("zelle_\udce4")
