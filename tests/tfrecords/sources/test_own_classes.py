"""Which of two classes is the positive one: told by its name, or asked for."""

import pytest

from tfrecords.class_names import CNMC_CLASSES
from tfrecords.sources.own_classes import ClassError, tell_classes


@pytest.mark.parametrize(
    "found", [{"ALL", "Hem"}, {"all"}, {"1", "0"}, {"all", "0"}, set(), {"all", "hem", "other"}]
)
def test_names_of_cnmc_need_no_word(found):
    told = tell_classes(found)
    assert told.names == CNMC_CLASSES and told.label_of["all"] == told.label_of["1"] == 1
    assert "other" not in told.label_of


def test_names_that_speak_need_no_word():
    told = tell_classes({"Positive", "negative"})
    assert told.names == ("negative", "positive") and told.label_of["positive"] == 1


@pytest.mark.parametrize("found", [{"blast", "normal"}, {"all", "normal"}, {"blast", "0"}])
def test_other_names_are_asked_for(found):
    with pytest.raises(ClassError, match=r"Name it: --positive \w+, or --positive \w+"):
        tell_classes(found)


def test_named_class_is_1_whatever_its_case_and_keeps_its_spelling():
    told = tell_classes({"Blast", "normal"}, positive="BLAST")
    assert told.names == ("normal", "Blast") and told.label_of == {"blast": 1, "normal": 0}
    assert tell_classes({"all", "hem"}, positive="hem").label_of == {"hem": 1, "all": 0}


def test_one_class_alone_can_be_either():
    with pytest.raises(ClassError, match="one class, blast. Say whether it is the positive one"):
        tell_classes({"blast"})
    assert tell_classes({"blast"}, positive="blast").names == ("not blast", "blast")
    assert tell_classes({"normal"}, positive="blast").names == ("normal", "blast")


def test_more_than_two_classes_and_unknown_ones_are_refused():
    with pytest.raises(ClassError, match="Expected two classes.*Received: a, b, c"):
        tell_classes({"a", "b", "c"}, positive="a")
    with pytest.raises(ClassError, match="Expected one of the classes as --positive: a, b"):
        tell_classes({"a", "b"}, positive="c")
    with pytest.raises(ClassError, match=r"\$a: the name of a class begins"):
        tell_classes({"$a", "b"}, positive="b")
