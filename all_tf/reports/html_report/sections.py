"""The parts of a page, in their order: how each is called, and how a reader is to take it."""

from typing import NamedTuple


class Part(NamedTuple):
    """A part of the page; its key in `PARTS` is the address within the page too."""

    name: str  # Short, for lists.
    title: str
    how_to_read: str  # One sentence.


PARTS: dict[str, Part] = {
    "data": Part(
        "Data",
        "What it learnt from, and what it was scored on",
        "Judge a figure by the patients behind it: cells of one patient resemble each other, so "
        "that a hundred of them say little more than a few.",
    ),
    "model": Part(
        "Network",
        "The network and its training",
        "Two equal sets of these settings, on equal records, give equal results.",
    ),
    "curves": Part(
        "Epochs",
        "Epoch by epoch",
        "Where the curve of training leaves that of the held-out cells behind, the network learns "
        "its patients by heart; the dotted line marks the epoch that was kept.",
    ),
    "decisions": Part(
        "Right and wrong",
        "Right and wrong",
        "Each row holds the cells of one true class; what stands on the diagonal was called right.",
    ),
    "ranking": Part(
        "Ranking",
        "How well it ranks",
        "The further a curve keeps from the thin line of chance, the better the scores part the "
        "classes, whatever the threshold.",
    ),
    "calibration": Part(
        "Calibration",
        "Whether a score can be taken at its word",
        "On the diagonal a score of .8 is right eight times in ten; below it the network claims "
        "too much, above it too little.",
    ),
    "patients": Part(
        "Patients",
        "Patient by patient",
        "Each line is one patient, under a pseudonym; one patient far from the others can carry, "
        "or ruin, a figure.",
    ),
    "cells": Part(
        "Worst cells",
        "The worst mistakes",
        "Look for what these cells have in common: each was called wrongly, with the most "
        "confidence first.",
    ),
    "explanations": Part(
        "Heat maps",
        "Where it looks",
        "Heat outside the cell, or heat that stays the same when the weights are random, explains "
        "nothing.",
    ),
    "probes": Part(
        "Probes",
        "Whether it measures more than size",
        "A network that does not beat the simplest probe has learnt no more than that probe "
        "measures.",
    ),
    "others": Part(
        "Others' figures",
        "Beside the study and others",
        "An orientation, not a ranking: every row was measured on other images, or on another "
        "split.",
    ),
    "limits": Part("Limits", "Limits", "What these figures do not say."),
    "provenance": Part(
        "Origin",
        "Where it comes from",
        "Enough to train it again, and to see whether a file has changed since.",
    ),
    "checklists": Part(
        "Checklists",
        "CLAIM 2024 and TRIPOD+AI",
        "Where this report answers an item, and where only the authors of a study can.",
    ),
}

COMPARISON_PARTS: dict[str, Part] = {
    "figures": Part(
        "Figures",
        "The figures",
        "Each interval is over patients: so far the figure might move with others of the kind.",
    ),
    "intervals": Part(
        "Intervals",
        "The same to look at",
        "A dot is a network, the line through it what its figure might have been with other "
        "patients.",
    ),
    "pairs": Part(
        "Pairs",
        "Who is told apart",
        "The network of the highest F1 beside each other one, on the same patients; where the "
        "interval holds 0, the two may as well be equal.",
    ),
    "others": PARTS["others"],
    "limits": PARTS["limits"],
}
