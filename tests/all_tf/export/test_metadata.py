"""What export.json and the page say of a run is what its reports said when they were written."""

import json

import pytest

from all_tf.export.metadata import describe_runs
from all_tf.runs.checksums import write_checksums
from all_tf.runs.folder import RunError, read_metrics, write_json
from tests.untrained import EXPERIMENT, write_knowing_run

HELD_OUT = {"split": "validation", "fold": None}


@pytest.fixture
def run(records, tmp_path):
    """A run with the caveats of two sets."""
    run = write_knowing_run(tmp_path / "run", records)
    selection = {"split": "train", "fold": EXPERIMENT.fold, "stamps": ["optimistic"]}
    write_json(run / "metrics.json", read_metrics(run) | selection)
    evaluated = run / "evaluation/validation"
    evaluated.mkdir(parents=True)
    write_json(evaluated / "metrics.json", HELD_OUT | {"stamps": ["few patients"]})
    for folder in (run, evaluated):
        write_checksums(folder)
    return run


def test_caveats_stand_by_the_set_that_they_limit(run):
    (found,) = describe_runs([run])
    assert found["stamps"] == {"train fold 0": ["optimistic"], "validation": ["few patients"]}


@pytest.mark.parametrize("folder", [".", "evaluation/validation"])
def test_caveats_that_were_taken_away_by_hand_are_missed(folder, run):
    path = run / folder / "metrics.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"stamps": []}))
    with pytest.raises(RunError, match="metrics.json: changed since it was written"):
        describe_runs([run])


def test_caveats_whose_files_were_taken_away_are_missed(run):
    evaluated = run / "evaluation/validation"
    (evaluated / "predictions.csv").write_text("name\n")
    write_checksums(evaluated)
    (evaluated / "metrics.json").unlink()
    with pytest.raises(RunError, match="metrics.json: missing"):
        describe_runs([run])
    (evaluated / "SHA256SUMS").unlink()
    with pytest.raises(RunError, match="SHA256SUMS is missing|no metrics.json"):
        describe_runs([run])
