"""What reviewers ask of such a study, item by item, and the part of a report that answers it.

CLAIM, the Checklist for Artificial Intelligence in Medical Imaging, update 2024: Tejani et al.,
Radiology: Artificial Intelligence 2024;6(4):e240300. TRIPOD+AI: Collins et al., BMJ
2024;385:e078378. Numbers are theirs, words ours.
"""

from typing import NamedTuple

_PUBLISHERS = "Not in these files: see the publication of the images."
_NOT_DONE = "Not done."


class Item(NamedTuple):
    """A question of a checklist; without parts and note only the authors can answer it."""

    number: str
    topic: str
    parts: tuple[str, ...] = ()  # Keys of `parts.PARTS`.
    note: str = ""


class Checklist(NamedTuple):
    """A checklist with its source."""

    name: str
    source: str
    doi: str
    items: tuple[Item, ...]

    @property
    def num_answered(self) -> int:
        """Items that some part of a report answers, in whole or in part."""
        return sum(bool(item.parts) for item in self.items)


CLAIM = Checklist(
    "CLAIM 2024",
    "Tejani et al., Radiology: Artificial Intelligence 2024;6(4):e240300",
    "10.1148/ryai.240300",
    (
        Item("1", "Named as AI, with the kind of technique", ("model",)),
        Item("2", "Summary of design, methods, results"),
        Item("3", "Background, intended use and role", ("limits",), "The background: the authors."),
        Item("4", "Aims and hypotheses"),
        Item("5", "Prospective or retrospective", ("data",), "Retrospective: published images."),
        Item("6", "Goal of the study"),
        Item("7", "Sources of the data", ("data", "provenance")),
        Item("8", "Who and what was included", ("data",), "Of patients: see the publication."),
        Item("9", "Preprocessing", ("model",)),
        Item("10", "Subsets that were chosen", ("data",)),
        Item("11", "De-identification", (), "Published ids; here pseudonyms stand for them."),
        Item("12", "Missing data", ("data",), "Every cell of a set is scored; none is left out."),
        Item("13", "How the images were taken", (), _PUBLISHERS),
        Item("14", "Definition of the reference standard", (), _PUBLISHERS),
        Item("15", "Why this reference standard"),
        Item("16", "Who annotated", (), _PUBLISHERS),
        Item("17", "Annotation of the test set", (), _PUBLISHERS),
        Item("18", "Agreement of annotators", (), _PUBLISHERS),
        Item("19", "How data were shared out over the sets", ("data",)),
        Item("20", "On what level the sets are disjoint", ("data",), "Groups of patients."),
        Item("21", "Size of the test set, and why", ("data",), "It was not calculated beforehand."),
        Item("22", "The model in detail", ("model",)),
        Item("23", "Software", ("provenance",)),
        Item("24", "Initial weights", ("model",)),
        Item("25", "Training", ("model", "curves")),
        Item("26", "How the final model was chosen", ("model", "curves")),
        Item("27", "Ensembles", ("model",)),
        Item("28", "Figures of merit", ("decisions", "ranking", "calibration")),
        Item("29", "Uncertainty and significance", ("decisions",)),
        Item("30", "Robustness", ("probes",)),
        Item("31", "Explanations, and their check", ("explanations",)),
        Item("32", "Evaluation on internal data", ("data", "decisions")),
        Item("33", "Testing on external data", (), _NOT_DONE),
        Item("34", "Registration of a trial", (), "No trial."),
        Item("35", "Patients and images, in and out", ("data",)),
        Item("36", "Demographics of each set", (), "Not published with the images."),
        Item("37", "Performance, with uncertainty", ("decisions",)),
        Item("38", "Diagnostic performance, with precision", ("decisions", "patients")),
        Item("39", "Analysis of failures", ("patients", "cells")),
        Item("40", "Limitations", ("limits",)),
        Item("41", "Meaning for practice", ("limits",), "None: for research only."),
        Item("42", "Full protocol"),
        Item("43", "Availability of software, model, data", ("provenance",)),
        Item("44", "Funding"),
    ),
)

TRIPOD_AI = Checklist(
    "TRIPOD+AI",
    "Collins et al., BMJ 2024;385:e078378",
    "10.1136/bmj-2023-078378",
    (
        Item("1", "Title: model, population, outcome", ("model", "data")),
        Item("2", "Abstract"),
        Item("3a", "Healthcare context, existing models", ("others",), "Context: the authors."),
        Item("3b", "Target population, purpose, users", ("limits",)),
        Item("3c", "Known inequalities in health"),
        Item("4", "Objectives"),
        Item("5a", "Sources of the data", ("data", "provenance")),
        Item("5b", "Dates of the data", (), _PUBLISHERS),
        Item("6a", "Setting and centres", (), _PUBLISHERS),
        Item("6b", "Eligibility", (), _PUBLISHERS),
        Item("6c", "Treatments", (), _PUBLISHERS),
        Item("7", "Preparation and checks of the data", ("data", "model")),
        Item("8a", "The outcome", ("data",), "The class of a cell, as published with the images."),
        Item("8b", "Who assessed the outcome", (), _PUBLISHERS),
        Item("8c", "Blinding of that assessment", (), _PUBLISHERS),
        Item("9a", "Choice of predictors", ("model",), "The pixels of one cell, nothing else."),
        Item("9b", "Definition of predictors", ("model",)),
        Item("9c", "Who assessed predictors", (), "Nobody: pixels."),
        Item("10", "Sample size", ("data",), "It was not calculated beforehand."),
        Item("11", "Missing data", ("data",), "Every cell of a set is scored; none is left out."),
        Item("12a", "How data were used and parted", ("data",)),
        Item("12b", "How predictors were handled", ("model",)),
        Item("12c", "Model, building, tuning, internal validation", ("model", "curves")),
        Item("12d", "Differences between clusters", ("patients",), "Patients; centres: unknown."),
        Item("12e", "Measures and plots", ("decisions", "ranking", "calibration")),
        Item("12f", "Updating of the model", ("calibration",)),
        Item("12g", "How predictions are calculated", ("model",)),
        Item("13", "Imbalance of the classes", ("model", "calibration")),
        Item("14", "Fairness", (), "Not examined: no demographics are published."),
        Item("15", "Output, and its threshold", ("calibration",)),
        Item("16", "Training data and test data apart", ("data",)),
        Item("17", "Ethical approval", (), _PUBLISHERS),
        Item("18a", "Funding"),
        Item("18b", "Conflicts of interest"),
        Item("18c", "Protocol"),
        Item("18d", "Registration"),
        Item("18e", "Availability of the data", ("provenance",)),
        Item("18f", "Availability of the code", ("provenance",)),
        Item("19", "Involvement of patients and the public"),
        Item("20a", "Flow of participants", ("data",)),
        Item("20b", "Characteristics", ("data",), "No demographics are published."),
        Item("20c", "Test data beside training data", ("data",)),
        Item("21", "Participants and outcomes of each analysis", ("data",)),
        Item("22", "The full model", ("model", "provenance")),
        Item("23a", "Performance with intervals", ("decisions",)),
        Item("23b", "Differences between clusters", ("patients",)),
        Item("24", "Results of updating", ("calibration",)),
        Item("25", "Interpretation"),
        Item("26", "Limitations", ("limits",)),
        Item("27a", "Input of poor quality", ("limits",)),
        Item("27b", "What users must do and know", ("limits",)),
        Item("27c", "Next steps"),
    ),
)

CHECKLISTS = (CLAIM, TRIPOD_AI)
