"""Names have one spelling, and none alters the lines in which it is shown."""

import unicodedata

import pytest

from tfrecords.names import (
    alike,
    legible,
    look_of,
    name_fault,
    one_spelling,
    unique_names,
)


def test_composed_and_decomposed_letters_are_one_spelling():
    spellings = {unicodedata.normalize(form, "\u00c41 \u00e9") for form in ("NFC", "NFD")}
    assert len(spellings) == 2 and {one_spelling(name) for name in spellings} == {"\u00c41 \u00e9"}


@pytest.mark.parametrize(
    "other", ["p 1", "P\u00a01", "P  1", "P\t1", "P\u200b 1", "\uff30\u30001", "\u00adP \u00b9"]
)
def test_names_that_a_person_reads_as_one_have_one_look(other):
    assert other != "P 1" and look_of(other) == look_of("P 1")
    said = alike("P 1", other)
    assert said.isascii() and f"patients 'P 1' and {other!a} look alike" in said


def test_look_of_a_name_is_that_of_its_other_spelling_and_of_its_capitals():
    names = {
        unicodedata.normalize(form, f"Stra{sz}e \u00c9")
        for form in ("NFC", "NFD")
        for sz in "\u00df\u1e9e"
    }
    assert len(names) == 4 and {look_of(name) for name in names} == {"strasse \u00e9"}


def test_other_names_have_other_looks():
    names = ["1", "H1", "P1", "P 1", "P-1", "P_1", "P01", "CD34+_0", "\u00c41", "A1"]
    assert len({look_of(name) for name in names}) == len(names)


@pytest.mark.parametrize("name", ["nan", "CD34+_0", "007", "\u00c41", "\u65e5\u672c", "a b", "%2B"])
def test_plain_name_has_no_fault(name):
    assert name_fault(name) == "" and legible(name) == name


@pytest.mark.parametrize(
    ("name", "fault", "shown"),
    [
        ("zelle_\udce4.png", "not UTF-8", r"zelle_\xe4.png"),
        ("a\nb", "a control character", r"a\nb"),
        ("a\x1b[31m", "a control character", r"a\x1b[31m"),
        ("a\u2028b", "a line break", r"a\u2028b"),
        ("a\u202egnp.b", "writing direction", r"a\u202egnp.b"),
    ],
)
def test_name_that_cannot_be_shown_is_refused_and_escaped(name, fault, shown):
    assert fault in name_fault(name)
    assert legible(name) == shown


@pytest.mark.parametrize(
    ("names", "unique"),
    [
        (["a", "b"], ["a", "b"]),
        (["a", "a", "a"], ["a", "a (2)", "a (3)"]),
        (["a", "a", "a (2)"], ["a", "a (3)", "a (2)"]),
        (["a (2)", "a", "a (2)", "a"], ["a (2)", "a", "a (2) (2)", "a (3)"]),
    ],
)
def test_equal_names_are_numbered_past_the_names_that_others_have(names, unique):
    assert unique_names(names) == unique


def test_many_equal_names_are_numbered_at_once():
    assert unique_names(["a"] * 100_000)[-1] == "a (100000)"


def test_message_keeps_its_lines():
    assert legible("a\n  b\x07", keep="\n") == "a\n  b\\x07"
