"""Remedies for class imbalance, by name: class weights, oversampling, balanced patient groups."""

from collections.abc import Callable
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Plan:
    """How training compensates unequal classes; index 0 is the negative class."""

    class_weights: tuple[float, float] = (1.0, 1.0)  # Factors in the loss.
    draws: tuple[int, int] | None = None  # Images of each class in an epoch; None: each one once.
    group_power: float = 0.0  # An image's sampling weight is its patient group's size ** -power.


def no_remedy(counts: tuple[int, int]) -> Plan:
    """Leave the classes as they are."""
    del counts
    return Plan()


def weigh_classes(counts: tuple[int, int]) -> Plan:
    """Weigh each class by the inverse of its frequency, as scikit-learn's "balanced" does.

    The weight is `n / (2 n_c)`; its mean over the training set is 1, so the loss keeps its scale.
    """
    total = sum(counts)
    return Plan(class_weights=(total / (2 * counts[0]), total / (2 * counts[1])))


def oversample(counts: tuple[int, int]) -> Plan:
    """Repeat images of the smaller class until an epoch has equally many of both."""
    return Plan(draws=(max(counts), max(counts)))


def balance_groups(counts: tuple[int, int]) -> Plan:
    """Oversample, and sample patients with few and with many images more evenly.

    A patient with four times the images of another is shown twice as often, not four times: the
    network should learn what the patients of a class have in common.
    """
    return replace(oversample(counts), group_power=0.5)


STRATEGIES: dict[str, Callable[[tuple[int, int]], Plan]] = {
    "none": no_remedy,
    "class_weights": weigh_classes,
    "oversample": oversample,
    "balance_groups": balance_groups,
}
