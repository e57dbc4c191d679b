"""The sections of a page in their order: name, title, and how to read each."""

from typing import NamedTuple


class Part(NamedTuple):
    """A section of the page; its key in `PARTS` is also its anchor."""

    name: str  # Short, for the list of contents.
    title: str
    how_to_read: str  # One sentence.


# What a reviewer asks first comes first: result, how it was obtained, errors, shortcuts, patients.
PARTS: dict[str, Part] = {
    "decisions": Part(
        "Result",
        "The result: confusion matrix and metrics",
        "Each row holds the cells of one true class; those on the diagonal were called right.",
    ),
    "data": Part(
        "How obtained",
        "How it was obtained: training, selection and evaluation sets",
        "Look at the number of patients: cells of one patient resemble each other, so a hundred "
        "of them say little more than a few.",
    ),
    "cells": Part(
        "Errors",
        "Which errors: the worst mistakes",
        "Look for what these cells have in common. All were called wrongly, the most confident "
        "mistakes first.",
    ),
    "probes": Part(
        "Probes",
        "Whether the network knows more than simple measurements",
        "A network that is not better than the best probe is not shown to know more than what that "
        "probe measures.",
    ),
    "explanations": Part(
        "Heat maps",
        "What the score depends on",
        "Heat outside the cell explains nothing, and neither does heat that is the same with "
        "random weights.",
    ),
    "patients": Part(
        "Patients",
        "Results by patient",
        "Each line is one patient, named by a pseudonym. One patient who differs from the others "
        "can change a metric much.",
    ),
    "calibration": Part(
        "Calibration",
        "Whether a score is a probability",
        "On the diagonal, eight in ten cells with a score of 0.8 are of the positive class. Below "
        "it scores are too high, above it too low.",
    ),
    "ranking": Part(
        "Ranking",
        "ROC and precision-recall curves",
        "The further a curve is from the thin line of chance, the better the scores separate the "
        "classes, at any threshold.",
    ),
    "external": Part(
        "External results",
        "External results: other records than those of the training",
        "Each row was measured on images that were packed apart from the training set, as those of "
        "another laboratory. Calibration and threshold are the run's own, unless the row names "
        "another.",
    ),
    "curves": Part(
        "Epochs",
        "Learning curves",
        "Where the training curve improves and the other one does not, the network memorises its "
        "training patients. The dotted line marks the epoch whose weights were kept.",
    ),
    "model": Part(
        "Settings",
        "The network, its training and its settings",
        "The same settings on the same records give the same results.",
    ),
    "others": Part(
        "Published results",
        "Published results",
        "For orientation only, not a ranking: each row was measured on other images or another "
        "split.",
    ),
    "limits": Part("Limits", "Limits", "What these metrics do not say."),
    "provenance": Part(
        "Provenance",
        "Provenance",
        "What is needed to train it again, and to check that no file has changed.",
    ),
    "checklists": Part(
        "Checklists",
        "CLAIM 2024 and TRIPOD+AI",
        "Which items this report answers, and which only the authors of a study can answer.",
    ),
}

COMPARISON_PARTS: dict[str, Part] = {
    "intervals": Part(
        "Chart",
        "Metrics with their intervals",
        "A dot is a network, the line through it the interval over patients.",
    ),
    "figures": Part(
        "Metrics",
        "Metrics",
        "Each interval is over patients: how much the metric may change with other patients.",
    ),
    "pairs": Part(
        "Pairs",
        "Significant differences",
        "The network of the highest F1 is compared with each other one on the same patients. If "
        "the interval contains 0, they may be equally good.",
    ),
    "others": PARTS["others"],
    "limits": PARTS["limits"],
}
