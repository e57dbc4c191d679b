"""Remedies for class imbalance: a strategy's name to what it changes in training."""

from collections.abc import Callable
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Plan:
    """How training makes up for unequal classes; index 0 is HEM, 1 is ALL."""

    class_weights: tuple[float, float] = (1.0, 1.0)  # Inside the loss.
    draws: tuple[int, int] | None = None  # Images of each class an epoch; None for each one once.
    group_power: float = 0.0  # Images are drawn in proportion to their group's size to minus this.


def no_remedy(counts: tuple[int, int]) -> Plan:
    """Leave the classes as they are."""
    del counts
    return Plan()


def weigh_classes(counts: tuple[int, int]) -> Plan:
    """Weigh each class by the inverse of its frequency, as scikit-learn's "balanced" does.

    `n / (2 n_c)`: the mean weight over the training set is 1, so that the loss keeps its scale.
    """
    total = sum(counts)
    return Plan(class_weights=(total / (2 * counts[0]), total / (2 * counts[1])))


def oversample(counts: tuple[int, int]) -> Plan:
    """Draw the smaller class repeatedly until an epoch holds as many images of each."""
    return Plan(draws=(max(counts), max(counts)))


def balance_groups(counts: tuple[int, int]) -> Plan:
    """Oversample, and draw more evenly from patients with few images and with many.

    A patient with four times the images of another is shown twice as often, not four times: what
    the network is to learn is what patients of a class have in common.
    """
    return replace(oversample(counts), group_power=0.5)


STRATEGIES: dict[str, Callable[[tuple[int, int]], Plan]] = {
    "none": no_remedy,
    "class_weights": weigh_classes,
    "oversample": oversample,
    "balance_groups": balance_groups,
}
