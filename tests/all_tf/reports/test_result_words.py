"""A result is called what it is worth, and what makes it doubtful is said in words."""

import pytest

from all_tf.reports.result_words import result_sentence, result_warnings

GOOD = {
    "split": "validation",
    "fold": None,
    "records_name": "Kyiv",
    "selected_on": "train fold 0",
    "stamps": [],
    "num_images": 1000,
    "num_patients": 20,
    "num_groups_all": 10,
    "num_groups_hem": 10,
    "sensitivity": 0.95,
    "specificity": 0.8,
    "kappa": 0.7,
    "kappa_low": 0.5,
    "kappa_high": 0.8,
    "auc": 0.95,
    "auc_low": 0.91,
    "auc_high": 0.98,
}


@pytest.mark.parametrize(
    ("stamps", "said"),
    [
        ([], "nothing was learnt or chosen"),
        (["optimistic"], "it will do worse on new patients"),
        (["optimistic", "resubstitution"], "says nothing about new ones"),
        (["training images unknown"], "may have learnt some"),
    ],
)
def test_sentence_says_what_the_set_was_used_for(stamps, said):
    sentence = result_sentence(GOOD | {"stamps": stamps})
    assert sentence.startswith("Result (held out): of 1,000 cells of 20 patients, ")
    assert said in sentence
    assert sentence.endswith(", 95.0 % of ALL and 80.0 % of HEM are called right.")


def test_sentence_of_one_class_has_its_share_alone():
    sentence = result_sentence(GOOD | {"specificity": None})
    assert sentence.endswith(", 95.0 % of ALL are called right.")


@pytest.mark.parametrize(
    ("change", "warning"),
    [
        ({"sensitivity": 1.0, "specificity": 0.0}, "all cells are called ALL"),
        ({"sensitivity": 0.0, "specificity": 1.0}, "all cells are called HEM"),
        ({"kappa_low": -0.1}, "no better than chance"),
        ({"records_name": "C-NMC 2019", "auc_low": 0.85}, "better than cell area alone"),
        ({"num_groups_hem": 3}, "few patients: no interval is estimable (3 groups of HEM"),
    ],
)
def test_each_weakness_is_one_warning(change, warning):
    (said,) = result_warnings(GOOD | change)
    assert warning in said


def test_good_result_has_no_warning():
    assert not list(result_warnings(GOOD))
