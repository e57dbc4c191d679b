"""Numbers and paths of a command line are in bounds, or refused with what was expected."""

import argparse
import math

import pytest

from all_tf.system.arguments import file_path, real_number, whole_number


@pytest.mark.parametrize("text", ["0", "7", "007", "2147483647"])
def test_whole_numbers_are_taken(text):
    assert whole_number()(text) == int(text)


@pytest.mark.parametrize(
    "text",
    ["", "-1", "8.0", "1e3", "nan", "inf", "2147483648", "9" * 5000, "\u0667", "0x10"],
)
def test_what_is_no_whole_number_in_bounds_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError, match="expected a whole number of 0 to 2147483"):
        whole_number()(text)


def test_bounds_are_inclusive():
    assert [whole_number(-2, 3)(text) for text in ("-2", "3")] == [-2, 3]
    assert [real_number(0, 1)(text) for text in ("0", "1.0", "5e-1")] == [0, 1, 0.5]


@pytest.mark.parametrize("text", ["", "nan", "inf", "-inf", "1e999", "1.1", "-0.1", "one"])
def test_what_is_no_real_number_in_bounds_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError, match="expected a number of 0 to 1. Received:"):
        real_number(0, 1)(text)
    assert math.isfinite(real_number()("-1e300"))


@pytest.mark.parametrize("text", ["", "a\0b", "a" * 256, "\u00e4" * 128, "a/" * 2048])
def test_what_no_file_system_can_hold_is_no_path(text):
    with pytest.raises(argparse.ArgumentTypeError, match="expected a path"):
        file_path(text)
    assert file_path("runs/a" + "b" * 254).name == "a" + "b" * 254
