"""Pseudonyms tell patients apart, and tell nothing else."""

from all_tf.metrics.pseudonyms import pseudonyms


def test_every_patient_has_one_name_of_its_class():
    found = pseudonyms(["7", "H3", "7", "20"], [1, 0, 1, 1])
    assert set(found) == {"7", "H3", "20"} and found["H3"] == "HEM-01"
    assert {found["7"], found["20"]} == {"ALL-01", "ALL-02"}


def test_names_follow_from_the_set_alone_and_not_from_the_order_of_ids():
    ids = [str(number) for number in range(30)]
    found = pseudonyms(ids, [1] * 30)
    assert found == pseudonyms(reversed(ids), [1] * 30)
    assert [found[each] for each in ids] != sorted(found.values())


def test_unpublished_patients_have_none():
    assert pseudonyms(["", ""], [-1, -1]) == {}


def test_a_hundred_patients_are_numbered_to_sort_well():
    found = pseudonyms(map(str, range(100)), [0] * 100)
    assert sorted(found.values())[0] == "HEM-001" and len(set(found.values())) == 100
