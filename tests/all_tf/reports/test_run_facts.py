"""What is read of a finished run, and what has to be there for it."""

import json

import pytest

from all_tf.reports.run_facts import read_facts
from all_tf.runs.checksums import write_checksums
from all_tf.runs.folder import RunError
from tests.written_runs import draw_predictions, write_run


@pytest.fixture
def run(tmp_path):
    return write_run(tmp_path / "run")


def test_row_of_a_table_needs_the_evaluated_report_alone(run):
    fields = json.loads((run / "config.json").read_text())["experiment"]
    (run / "config.json").write_text(json.dumps({"experiment": fields}))
    (run / "predictions.csv").write_text("damaged\n1\n")  # Of another set.
    for name in ("environment.json", "calibration.json", "history.csv"):
        (run / name).unlink()
    facts = read_facts(run)
    assert facts.row()["set"] == "validation" and facts.row()["images_per_second"] == 99.5
    assert len(facts.images) == len(draw_predictions())
    assert facts.environment == {} and facts.history == [] and facts.probes is None
    with pytest.raises(RunError, match="it has no .*view"):
        assert facts.config
    with pytest.raises(RunError, match="predictions.csv is damaged"):
        assert facts.sets


def test_name_is_that_of_the_folder_unless_another_is_given(run):
    assert read_facts(run).name == "run"
    assert read_facts(run, name="runs/run").row()["run"] == "runs/run"


def test_cross_validation_without_its_experiment_is_refused(run):
    (run / "cross-validation.json").write_text("{}")
    with pytest.raises(RunError, match="cross-validation.json is damaged or from another version"):
        read_facts(run)


def test_held_out_set_is_not_passed_over_by_a_report_that_was_changed(run):
    path = run / "evaluation/validation/metrics.json"
    write_checksums(path.parent)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"missing": "one class"}))
    with pytest.raises(RunError, match="metrics.json: changed since it was written"):
        read_facts(run)
