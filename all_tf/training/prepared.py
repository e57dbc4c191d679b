"""A training before its first step: settings, cells, remedy and network, which go together."""

from typing import NamedTuple

from all_tf.config.experiment import Experiment
from all_tf.data.class_balance import Plan
from all_tf.data.splits import Data
from builders.classifier import Classifier


class Prepared(NamedTuple):
    """A training before its first step."""

    experiment: Experiment
    data: Data
    plan: Plan  # The remedy for class imbalance.
    model: Classifier  # Compiled; no layer is frozen.
