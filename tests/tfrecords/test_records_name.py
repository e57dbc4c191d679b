"""Names of records: any plain text but that of the published images."""

import pytest

from tfrecords.records_name import CNMC_NAME, check_records_name, is_records_name, name_of_folder


def test_name_is_kept_in_one_spelling():
    assert check_records_name(" Kyiv, 2026 (2nd) ") == "Kyiv, 2026 (2nd)"
    assert check_records_name("A\u0308rzte") == "\u00c4rzte"


@pytest.mark.parametrize("name", ["", " ", "a/b", "$x$", "a\nb", "_a", "x" * 61, "<b>"])
def test_name_that_a_plot_or_a_file_name_would_change_is_refused(name):
    with pytest.raises(ValueError, match="Expected a name of 1 to 60 letters"):
        check_records_name(name)


@pytest.mark.parametrize("name", [CNMC_NAME, "c-nmc 2019", "C_NMC-2019", "CNMC2019"])
def test_name_of_the_published_images_cannot_be_given(name):
    with pytest.raises(ValueError, match="given by itself"):
        check_records_name(name)
    assert name_of_folder(name) == f"{name} (not as published)"
    assert check_records_name(name_of_folder(name))


@pytest.mark.parametrize("text", ["", "C-NMC 2019", "Kyiv, 2026"])
def test_file_may_hold_a_name_or_none(text):
    assert is_records_name(text)


@pytest.mark.parametrize("text", [None, 7, " x", "c-nmc 2019", "<b>", "$x$", ["lab"]])
def test_file_may_not_hold_what_no_records_are_called(text):
    assert not is_records_name(text)


@pytest.mark.parametrize(
    ("folder", "name"),
    [("lab", "lab"), ("Zellen #3", "Zellen -3"), ("", "records"), ("__x", "x"), ("$", "records")],
)
def test_folder_of_any_name_gives_one(folder, name):
    assert name_of_folder(folder) == check_records_name(name_of_folder(folder)) == name
