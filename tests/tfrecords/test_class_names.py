"""Names of classes: C-NMC's where none are written, a laboratory's otherwise."""

import pytest

from tfrecords.class_names import CNMC_CLASSES, ClassNames, class_name_fault, class_names_of


def test_what_an_earlier_version_wrote_has_the_classes_of_cnmc():
    assert class_names_of({}) == CNMC_CLASSES == ("HEM", "ALL")
    assert CNMC_CLASSES.stored == ("hem", "all")  # As in every manifest until now.


def test_names_come_back_with_the_index_that_is_the_label():
    names = ClassNames("normal", "blast")
    assert class_names_of({"seed": 0, **names.as_dict()}) == names
    assert (names[0], names[1]) == ("normal", "blast") and names.stored == ("normal", "blast")


@pytest.mark.parametrize("name", ["blast", "B-ALL", "CD34+ (2)", "3", "Лейкоз", "not blast"])
def test_name_of_a_laboratory_is_allowed(name):
    assert not class_name_fault(name)


@pytest.mark.parametrize("name", ["", "_a", "$x$", "a{b}", "-a", "<b>", "a\nb", "a|b", "x" * 31])
def test_name_that_a_plot_a_page_or_a_table_would_change_is_not(name):
    assert class_name_fault(name)
