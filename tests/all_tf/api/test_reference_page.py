"""docs/api.md is what the docstrings say, and their examples are true, one after another."""

import doctest
import io
from pathlib import Path

import numpy as np
import pytest

import all_tf
from all_tf.api.reference_page import documented_objects, reference_page
from all_tf.export import export_run
from tests.conftest import ROOT

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
SHOWN_ABOVE = {  # By the examples of what gives them or is one of them.
    "TrainedClassifier.classes",
    "PredictionTable",
    "EvaluationReport.cells",
    "Explanation",
    "ExportedModel",
    "ComparedRuns",
    "ComparedRuns.paired",
    "Table.columns",
    "ShownFigure.save",
}


def test_page_is_made_from_the_docstrings():
    page = (ROOT / "docs" / "api.md").read_text()
    assert page == reference_page(), "Write it anew: make docs/api.md"


def test_page_has_every_name_of_the_api():
    assert {name.partition(".")[0] for name, _ in documented_objects()} == set(all_tf.__all__)


@pytest.mark.slow
def test_examples_of_the_docstrings_are_true(synthetic, tmp_path, monkeypatch):
    Path(tmp_path, "demo").mkdir()
    Path(tmp_path, "demo/C-NMC_Leukemia").symlink_to(synthetic)
    monkeypatch.chdir(tmp_path)
    # It takes a process of its own; test_export_run.py has it.
    proof = {"num_cells": 4, "largest_difference": 0.0, "answers_that_differ": 0}
    monkeypatch.setattr(export_run, "prove_export", lambda *path, **reference: proof)
    without = set()
    for name, documented in documented_objects():
        text = documented.__doc__
        test = doctest.DocTestParser().get_doctest(
            text, {"all_tf": all_tf, "np": np}, name, None, None
        )
        if not test.examples:
            without.add(name)
        told = io.StringIO()
        failed = doctest.DocTestRunner(optionflags=FLAGS).run(test, out=told.write).failed
        assert not failed, told.getvalue()
    assert without == SHOWN_ABOVE
