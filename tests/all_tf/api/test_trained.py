"""A loaded classifier answers as the commands do, alone or as an ensemble, and refuses the rest."""

from dataclasses import replace

import pytest

from all_tf.api.trained import TrainedClassifier, load
from all_tf.evaluation.predict_images import predict_new
from all_tf.runs.checksums import write_checksums
from all_tf.runs.folder import RunError
from all_tf.system.checks import ConfigError
from tests.conftest import noise
from tests.untrained import EXPERIMENT, write_run
from tfrecords.class_names import CNMC_CLASSES


@pytest.fixture(scope="module")
def runs(records, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    experiments = {"a": EXPERIMENT, "b": replace(EXPERIMENT, seed=1)}
    return [write_run(folder / name, records, each) for name, each in experiments.items()]


@pytest.fixture(scope="module")
def both(runs) -> TrainedClassifier:
    return load([str(run) for run in runs])


def test_rows_are_those_of_the_command(both, runs, synthetic):
    phase = next(synthetic.rglob("*prelim_phase_data"))
    table = both.predict(str(phase), patients="folder")
    answer = predict_new(runs, [phase])
    assert [row["score"] for row in answer.rows] == table.column("score")
    assert {row["patient"] for row in table} == {phase.name}
    assert [row["patient"] for row in table.patients] == [phase.name]
    assert both.predict([phase / "1.bmp"], patients=lambda path: "P1")[0]["patient"] == "P1"
    unknown = both.predict([phase / "1.bmp"], patients=lambda path: None)
    assert unknown[0]["patient"] == "" and unknown.patients == []
    with pytest.raises(ValueError, match='Received: arrays, with patients="folder"'):
        both.predict(noise(1), patients="folder")


def test_several_runs_are_evaluated_as_one(both, tmp_path):
    report = both.evaluate(out=tmp_path / "out")
    assert report.folder == tmp_path / "out" and len(report["members"]) == 2
    assert "ALL-0" in str(report) and str(report).startswith("Result")
    rights = report.cells.column("right")
    assert rights == sorted(rights) and len(rights) == report["num_images"]
    assert load(tmp_path / "out").runs == both.runs


def test_set_without_labels_has_neither_metrics_nor_errors(runs):
    report = load(runs[0]).evaluate(split="test")
    assert report.folder == runs[0] / "evaluation/test" and "labels unpublished" in str(report)
    assert set(report.cells.column("right")) == {None}
    with pytest.raises(ValueError, match="no cell was called wrongly"):
        report.draw_errors()


def test_what_is_asked_of_one_run_is_refused_for_several(both, runs, tmp_path):
    with pytest.raises(RunError, match=f"explained one by one. Choose one of these: {runs[0]}"):
        both.explain()
    with pytest.raises(RunError, match="drawn one by one"):
        both.draw_curve()
    with pytest.raises(ConfigError, match="A run's evaluation lies in the run"):
        load(runs[0]).evaluate(out=tmp_path / "out")
    with pytest.raises(ConfigError, match="Expected tta of 1 or 8. Received: tta=3"):
        both.predict("cells", tta=3)
    with pytest.raises(ConfigError, match="Unknown format"):
        both.export("pickle")


def test_folder_without_a_finished_run_is_refused_at_once(runs, tmp_path):
    with pytest.raises(RunError, match="No run in"):
        load(tmp_path)
    (tmp_path / "config.json").write_bytes((runs[0] / "config.json").read_bytes())
    with pytest.raises(RunError, match="its training has not ended"):
        load(tmp_path)


def test_classifier_says_what_it_is(both, runs):
    assert both.classes == CNMC_CLASSES
    names = f"{runs[0]}, {runs[1]}"
    assert repr(both) == f"TrainedClassifier of ALL and HEM: base_cnn x 2 in {names}"


@pytest.mark.parametrize("name", ["history.csv", "metrics.json"])
def test_no_curve_is_drawn_of_a_file_that_was_changed(name, records, tmp_path):
    run = write_run(tmp_path / "run", records)
    (run / "history.csv").write_text("epoch,kappa,val_kappa\n1,0.1,0.2\n2,0.3,0.4\n")
    write_checksums(run)
    assert load(run).history.column("val_kappa") == [0.2, 0.4]
    load(run).draw_curve()
    (run / name).write_text((run / name).read_text() + "\n")
    with pytest.raises(RunError, match=f"{name}: changed since it was written"):
        load(run).draw_curve()
