"""Published results: those of the study of 2021, and of others on the same cells."""

from typing import NamedTuple


class Reported(NamedTuple):
    """Metrics that the study reported for a row, in per cent; F1 is weighted by class frequency."""

    accuracy: float
    f1: float | None = None
    kappa: float | None = None


# The study does not say on which images these were measured. It reported two runs of googlenet;
# the first had an accuracy of 72.3.
REPORTED: dict[str, Reported] = {
    "base_cnn": Reported(63.6),
    "vgg16": Reported(58.3),
    "vgg19": Reported(59.2),
    "efficientnetb4": Reported(63.8),
    "efficientnetb5": Reported(62.8),
    "densenet121": Reported(65.3),
    "densenet161": Reported(70.8),
    "googlenet": Reported(75.3, f1=75.8, kappa=48.0),
    "efficientnetb3": Reported(74.5),
    "densenet169": Reported(75.0, f1=73.7, kappa=40.8),
    "resnet152": Reported(68.3, f1=68.3, kappa=30.2),
    "efficientnetb0": Reported(77.6, f1=77.6, kappa=42.2),
}


class Comparator(NamedTuple):
    """Metrics that others published on these cells, in per cent, and the caveat of a comparison."""

    work: str
    tested_on: str
    caveat: str
    f1: float | None = None  # Weighted by class frequency.
    auc: float | None = None  # The area under the ROC curve.


COMPARATORS: tuple[Comparator, ...] = (
    Comparator("Prellberg and Kramer, as the study cites it", "not stated", "", f1=88.0),
    Comparator("Goswami et al., as the study cites it", "not stated", "", f1=93.0),
    Comparator(
        "Prellberg and Kramer 2019",
        "preliminary phase",
        "patients disjoint; epoch chosen on the same set",
        f1=89.8,
        auc=95.6,
    ),
    Comparator("Prellberg and Kramer 2019", "final phase", "patients disjoint", f1=88.9),
    Comparator(
        "Pan et al. 2019, first of the challenge",
        "final phase",
        "votes over neighbouring test cells, worth 4.2",
        f1=91.0,
    ),
    Comparator(
        "Gehlot et al. 2020 (arXiv 2006.00304)",
        "a test set of its own, by subject",
        "from the publishers of the images",
        f1=94.8,
    ),
    Comparator(
        "Mondal et al. 2021, ensemble", "preliminary phase", "patients disjoint", f1=88.6, auc=94.1
    ),
    Comparator(
        "EfficientNet-B1, 2026 (arXiv 2606.24944)",
        "preliminary phase",
        "patients disjoint; sensitivity 87, specificity 80",
        auc=91.3,
    ),
)
