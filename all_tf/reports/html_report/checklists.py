"""Reporting checklists for such a study: each item, and the section that answers it.

CLAIM, the Checklist for Artificial Intelligence in Medical Imaging, update 2024: Tejani et al.,
Radiology: Artificial Intelligence 2024;6(4):e240300. TRIPOD+AI: Collins et al., BMJ
2024;385:e078378. The numbers are theirs, the wording is ours.
"""

from typing import NamedTuple

_PUBLISHERS = "Not in these files: see the publication of the images."


class ChecklistItem(NamedTuple):
    """An item of a checklist; without parts and note, only the authors can answer it."""

    number: str
    topic: str
    parts: tuple[str, ...] = ()  # Keys of `sections.PARTS`.
    note: str = ""


class Checklist(NamedTuple):
    """A checklist with its source."""

    name: str
    source: str
    doi: str
    items: tuple[ChecklistItem, ...]

    @property
    def num_answered(self) -> int:
        """The number of items that a section answers, fully or partly."""
        return sum(bool(item.parts) for item in self.items)


CLAIM = Checklist(
    "CLAIM 2024",
    "Tejani et al., Radiology: Artificial Intelligence 2024;6(4):e240300",
    "10.1148/ryai.240300",
    (
        ChecklistItem("1", "Named as AI, with the kind of technique", ("model",)),
        ChecklistItem("2", "Summary of design, methods, results"),
        ChecklistItem(
            "3", "Background, intended use and role", ("limits",), "The background: the authors."
        ),
        ChecklistItem("4", "Aims and hypotheses"),
        ChecklistItem(
            "5", "Prospective or retrospective", ("data",), "Retrospective: published images."
        ),
        ChecklistItem("6", "Goal of the study"),
        ChecklistItem("7", "Sources of the data", ("data", "provenance")),
        ChecklistItem(
            "8", "Who and what was included", ("data",), "Of patients: see the publication."
        ),
        ChecklistItem("9", "Preprocessing", ("model",)),
        ChecklistItem("10", "Subsets that were chosen", ("data",)),
        ChecklistItem("11", "De-identification", (), "Published ids; pseudonyms are used here."),
        ChecklistItem(
            "12", "Missing data", ("data",), "No cell of an evaluated set lacks a score."
        ),
        ChecklistItem("13", "How the images were taken", (), _PUBLISHERS),
        ChecklistItem("14", "Definition of the reference standard", (), _PUBLISHERS),
        ChecklistItem("15", "Why this reference standard"),
        ChecklistItem("16", "Who annotated", (), _PUBLISHERS),
        ChecklistItem("17", "Annotation of the test set", (), _PUBLISHERS),
        ChecklistItem("18", "Agreement of annotators", (), _PUBLISHERS),
        ChecklistItem("19", "How data were assigned to the sets", ("data",)),
        ChecklistItem(
            "20", "On what level the sets are disjoint", ("data",), "Groups of patients."
        ),
        ChecklistItem(
            "21", "Size of the test set, and why", ("data",), "It was not calculated beforehand."
        ),
        ChecklistItem("22", "The model in detail", ("model",)),
        ChecklistItem("23", "Software", ("provenance",)),
        ChecklistItem("24", "Initial weights", ("model",)),
        ChecklistItem("25", "Training", ("model", "curves")),
        ChecklistItem("26", "How the final model was chosen", ("model", "curves")),
        ChecklistItem("27", "Ensembles", ("model",)),
        ChecklistItem("28", "Metrics", ("decisions", "ranking", "calibration")),
        ChecklistItem("29", "Uncertainty and significance", ("decisions",)),
        ChecklistItem("30", "Robustness", ("probes",)),
        ChecklistItem("31", "Explanations, and their check", ("explanations",)),
        ChecklistItem("32", "Evaluation on internal data", ("data", "decisions")),
        ChecklistItem("33", "Testing on external data", ("external",)),
        ChecklistItem("34", "Registration of a trial", (), "No trial."),
        ChecklistItem("35", "Patients and images, included and excluded", ("data",)),
        ChecklistItem("36", "Demographics of each set", (), "Not published with the images."),
        ChecklistItem("37", "Performance, with uncertainty", ("decisions",)),
        ChecklistItem("38", "Diagnostic performance, with precision", ("decisions", "patients")),
        ChecklistItem("39", "Analysis of failures", ("patients", "cells")),
        ChecklistItem("40", "Limitations", ("limits",)),
        ChecklistItem("41", "Meaning for practice", ("limits",), "None: for research only."),
        ChecklistItem("42", "Full protocol"),
        ChecklistItem("43", "Availability of software, model, data", ("provenance",)),
        ChecklistItem("44", "Funding"),
    ),
)

TRIPOD_AI = Checklist(
    "TRIPOD+AI",
    "Collins et al., BMJ 2024;385:e078378",
    "10.1136/bmj-2023-078378",
    (
        ChecklistItem("1", "Title: model, population, outcome", ("model", "data")),
        ChecklistItem("2", "Abstract"),
        ChecklistItem(
            "3a", "Healthcare context, existing models", ("others",), "Context: the authors."
        ),
        ChecklistItem("3b", "Target population, purpose, users", ("limits",)),
        ChecklistItem("3c", "Known inequalities in health"),
        ChecklistItem("4", "Objectives"),
        ChecklistItem("5a", "Sources of the data", ("data", "provenance")),
        ChecklistItem("5b", "Dates of the data", (), _PUBLISHERS),
        ChecklistItem("6a", "Setting and centres", (), _PUBLISHERS),
        ChecklistItem("6b", "Eligibility", (), _PUBLISHERS),
        ChecklistItem("6c", "Treatments", (), _PUBLISHERS),
        ChecklistItem("7", "Preparation and checks of the data", ("data", "model")),
        ChecklistItem(
            "8a", "The outcome", ("data",), "The class of a cell, as published with the images."
        ),
        ChecklistItem("8b", "Who assessed the outcome", (), _PUBLISHERS),
        ChecklistItem("8c", "Blinding of that assessment", (), _PUBLISHERS),
        ChecklistItem(
            "9a", "Choice of predictors", ("model",), "The pixels of one cell, nothing else."
        ),
        ChecklistItem("9b", "Definition of predictors", ("model",)),
        ChecklistItem("9c", "Who assessed predictors", (), "Nobody: pixels."),
        ChecklistItem("10", "Sample size", ("data",), "It was not calculated beforehand."),
        ChecklistItem(
            "11", "Missing data", ("data",), "No cell of an evaluated set lacks a score."
        ),
        ChecklistItem("12a", "How data were used and divided", ("data",)),
        ChecklistItem("12b", "How predictors were handled", ("model",)),
        ChecklistItem("12c", "Model, building, tuning, internal validation", ("model", "curves")),
        ChecklistItem(
            "12d", "Differences between clusters", ("patients",), "Patients; centres: unknown."
        ),
        ChecklistItem("12e", "Measures and plots", ("decisions", "ranking", "calibration")),
        ChecklistItem("12f", "Updating of the model", ("calibration",)),
        ChecklistItem("12g", "How predictions are calculated", ("model",)),
        ChecklistItem("13", "Imbalance of the classes", ("model", "calibration")),
        ChecklistItem("14", "Fairness", (), "Not examined: no demographics are published."),
        ChecklistItem("15", "Output, and its threshold", ("calibration",)),
        ChecklistItem("16", "Separation of training and test data", ("data",)),
        ChecklistItem("17", "Ethical approval", (), _PUBLISHERS),
        ChecklistItem("18a", "Funding"),
        ChecklistItem("18b", "Conflicts of interest"),
        ChecklistItem("18c", "Protocol"),
        ChecklistItem("18d", "Registration"),
        ChecklistItem("18e", "Availability of the data", ("provenance",)),
        ChecklistItem("18f", "Availability of the code", ("provenance",)),
        ChecklistItem("19", "Involvement of patients and the public"),
        ChecklistItem("20a", "Flow of participants", ("data",)),
        ChecklistItem("20b", "Characteristics", ("data",), "No demographics are published."),
        ChecklistItem("20c", "Test data beside training data", ("data",)),
        ChecklistItem("21", "Participants and outcomes of each analysis", ("data",)),
        ChecklistItem("22", "The full model", ("model", "provenance")),
        ChecklistItem("23a", "Performance with intervals", ("decisions",)),
        ChecklistItem("23b", "Differences between clusters", ("patients",)),
        ChecklistItem("24", "Results of updating", ("calibration",)),
        ChecklistItem("25", "Interpretation"),
        ChecklistItem("26", "Limitations", ("limits",)),
        ChecklistItem("27a", "Input of poor quality", ("limits",)),
        ChecklistItem("27b", "What users must do and know", ("limits",)),
        ChecklistItem("27c", "Next steps"),
    ),
)

CHECKLISTS = (CLAIM, TRIPOD_AI)


def checklists_of(*, published: bool) -> tuple[Checklist, ...]:
    """The checklists for a run.

    Args:
        published: Whether its images are published ones. Otherwise what the notes leave to the
            publication is left to the authors.
    """
    if published:
        return CHECKLISTS
    return tuple(
        each._replace(items=tuple(map(_without_publication, each.items))) for each in CHECKLISTS
    )


def _without_publication(item: ChecklistItem) -> ChecklistItem:
    return item._replace(note="") if "publi" in item.note.lower() else item
