"""Pictures and patients of a request are told apart, and nothing of it is cut or changed."""

import pytest

from all_tf.page.limits import PageLimits, RefusalError
from all_tf.page.predict_request import SentPicture, request_of


def asked(*named, **wishes):
    """A request for pictures, each a name and, if there is one, a patient."""
    sent = [SentPicture(name, b"", *(patient or [None])) for name, *patient in named]
    return request_of(sent, wishes, PageLimits())


def refusal(*named, **wishes) -> str:
    with pytest.raises(RefusalError) as refused:
        asked(*named, **wishes)
    assert refused.value.status == 400
    return refused.value.message


def test_names_are_told_apart_and_those_without_have_their_place():
    named = [("a.png",), (None,), ("a.png",), ("",), ("image 3",), ("a.png (2)",), (" a.png ",)]
    assert [each.name for each in asked(*named).pictures] == [
        "a.png",
        "image 1",
        "a.png (3)",
        "image 3",
        "image 3 (2)",
        "a.png (2)",
        "a.png (4)",
    ]


def test_long_names_are_refused_and_not_cut():
    long = "a" * 255
    assert [each.name for each in asked((long,), (long,)).pictures] == [long, f"{long} (2)"]
    assert "at most 255 characters. Received: 256. Shorten it." in refusal((long + "1",))
    assert "name of each patient in at most 255" in refusal(("a", long + "1"))
    assert asked(("a", long)).pictures[0].patient == long


@pytest.mark.parametrize("name", [5, True, ["a"]])
def test_names_are_text(name):
    assert refusal((name,)) == "Expected the name of each picture as text."
    assert refusal(("a", name)) == "Expected the name of each patient as text."


@pytest.mark.parametrize("other", ["p 1", "P\u00a01", "P  1", "P\u200b 1", "\uff30 1"])
def test_patients_whose_names_look_alike_are_refused(other):
    said = refusal(("a", "P 1"), ("b", None), ("c", "P2"), ("d", other))
    assert f"In this request patients 'P 1' and {other!a} look alike" in said and said.isascii()
    assert "write one person's name in one way" in said


@pytest.mark.parametrize("patient", ["P\n1", "P\u202e1", "P\x1b1", "P\ud800"])
def test_patient_whose_name_may_be_none_is_refused(patient):
    assert "the name" in refusal(("a", patient)) and refusal(("a", patient)).isascii()


@pytest.mark.parametrize(
    ("sent", "patient"),
    [("A\u030a1 ", "\u00c51"), ("P\u200b1", "P\u200b1"), ("", None), (" ", None), (None, None)],
)
def test_patient_has_one_spelling_and_stays_as_it_is(sent, patient):
    assert asked(("a", sent)).pictures[0].patient == patient


@pytest.mark.parametrize("microns", [True, False, [1], "x", "nan", 0.001, 2, 10**400])
def test_scale_is_a_number_within_bounds(microns):
    expected = "Expected microns_per_pixel of 0.01 to 1."
    assert refusal(("a",), kind="field", microns_per_pixel=microns) == expected


@pytest.mark.parametrize(("sent", "microns"), [("0.08", 0.08), (1, 1.0), ("", None), (None, None)])
def test_scale_is_read(sent, microns):
    assert asked(("a",), microns_per_pixel=sent).microns_per_pixel == microns
