"""Strategies against class imbalance."""

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from all_tf.config import choices
from all_tf.data.class_balance import STRATEGIES, Plan


def test_class_weights_equal_scikit_learn_balanced_ones():
    labels = np.repeat([0, 1], [30, 70])
    expected = compute_class_weight("balanced", classes=np.array([0, 1]), y=labels)
    assert STRATEGIES["class_weights"]((30, 70)).class_weights == pytest.approx(expected)


def test_class_weights_keep_the_scale_of_the_loss():
    weights = STRATEGIES["class_weights"]((30, 70)).class_weights
    assert np.average(weights, weights=[30, 70]) == pytest.approx(1)


def test_oversampling_draws_as_many_of_each_class():
    plan = STRATEGIES["oversample"]((30, 70))
    assert plan.draws == (70, 70) and plan.class_weights == (1, 1)


def test_balancing_groups_is_oversampling_within_which_groups_count():
    assert STRATEGIES["balance_groups"]((30, 70)) == Plan(draws=(70, 70), group_power=0.5)
    assert STRATEGIES["oversample"]((30, 70)).group_power == 0


def test_none_changes_nothing():
    plan = STRATEGIES["none"]((30, 70))
    assert plan.draws is None and plan.class_weights == (1, 1)


def test_strategies_are_those_of_the_command_line():
    assert tuple(STRATEGIES) == choices.STRATEGY_NAMES
