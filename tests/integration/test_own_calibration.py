"""A run calibrated on somebody's own cells: kept by name, refused where it was fitted, verified."""

import fcntl
import json
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from all_tf.config.experiment import Experiment
from all_tf.evaluation import calibrate_run as module
from all_tf.evaluation import evaluate
from all_tf.evaluation.calibrate_run import calibrate_run
from all_tf.evaluation.ensemble import evaluate_ensemble
from all_tf.evaluation.evaluate import evaluate_run
from all_tf.evaluation.predict_images import predict_new
from all_tf.launch.cross_validate import begin
from all_tf.metrics.calibration import fit_calibration
from all_tf.reports.html_report.prose import name_set
from all_tf.reports.run_facts import read_facts
from all_tf.runs.calibration_file import read_calibration
from all_tf.runs.checksums import write_checksums
from all_tf.runs.folder import EvaluationSet, RunError
from all_tf.runs.members import members_of
from all_tf.runs.prediction_files import read_predictions
from all_tf.runs.training_images import read_training_images
from all_tf.runs.verification import verify
from all_tf.training.train import train
from tests.conftest import ROOT
from tests.integration.test_other_records import own_cells, pack
from tests.untrained import EXPERIMENT, write_run
from tfrecords.synthetic.cells import draw_cell

SET = EvaluationSet("validation")


@pytest.fixture(scope="module")
def trained(records, tmp_path_factory):
    run = tmp_path_factory.mktemp("runs") / "run"
    experiment = Experiment(
        "cellnet",
        image_size=48,
        crop=300,
        weights="none",
        epochs=8,
        batch_size=16,
        monitor="val_f1",
    )
    train(experiment, records, run)
    return run


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """Records of a laboratory, of eight patients; beside them others, of eight more."""
    folder = tmp_path_factory.mktemp("own")
    pack(cells_of("abcdefgh", number=6), folder / "lab")
    pack_more = folder / "more"
    pack_more.mkdir()
    pack(cells_of("stuvwxyz", number=3, seed=900), pack_more / "other")
    return folder / "lab"


@pytest.fixture
def run(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / "run")


@pytest.fixture
def fitted(run, own):
    return calibrate_run(run, EvaluationSet(records=own), name="lab")


def cells_of(patients: str, *, number: int, seed: int = 0) -> list[tuple[str, int, Image.Image]]:
    """Drawn cells, the patients in turns of either class."""
    rng = np.random.default_rng(seed)
    return [
        (who, place % 2, Image.fromarray(draw_cell(rng, label=place % 2)))
        for place, who in enumerate(patients)
        for _ in range(number)
    ]


def drift_of(run) -> list[str]:
    return [line for checked in verify(run) for line in checked.drift]


def rewrite(path, change) -> None:
    """Change a JSON file and hash its folder again, as somebody would who wants it to pass."""
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    write_checksums(path.parent)


def found(calibration) -> dict[str, float]:
    """What an iterative fit has found."""
    return {key: getattr(calibration, key) for key in ("temperature", "bias", "threshold")}


def test_calibration_is_the_fit_to_all_cells_and_lies_beside_the_runs_own(run, own, fitted):
    before = {path: path.read_bytes() for path in run.glob("*") if path.is_file()}
    folder, calibration, fit = fitted
    assert folder == run / "calibrations/lab" and read_calibration(folder) == calibration
    stored = read_predictions(folder / "predictions.csv")
    again = fit_calibration(stored, fitted_on="Kyiv, 2026, validation")
    close = {key: pytest.approx(value, rel=1e-6) for key, value in found(again).items()}
    assert found(calibration) == close and calibration.fitted_on == again.fitted_on
    assert len(stored) == 48 and fit["parts"] == 4 and fit["num_groups_all"] == 4
    assert fit["after"]["log_loss"] != fit["before"]["log_loss"]
    assert read_calibration(run) != calibration and not drift_of(run)
    assert all(path.read_bytes() == content for path, content in before.items())
    assert len(read_training_images(folder).pixels) == 48


def test_what_it_was_fitted_on_is_refused_and_other_patients_are_scored(run, own, fitted):
    with pytest.raises(RunError, match="48 of these 48 images are among those"):
        evaluate_run(run, SET._replace(records=own), calibration="lab")
    assert not list(run.rglob("*calibrated*"))
    other = SET._replace(records=own.parent / "more/other")
    plain, without = evaluate_run(run, other)
    folder, report = evaluate_run(run, other, calibration="lab")
    assert folder.name == "validation-calibrated-lab" and folder != plain
    assert report["calibration"] == "lab" and report["calibrated_on"] == "Kyiv, 2026, validation"
    assert report["threshold"] == fitted.calibration.threshold != without["threshold"]
    assert read_calibration(folder) == fitted.calibration
    assert "patient ids of its calibration" not in report["stamps"]
    assert not drift_of(run)


def test_one_image_of_the_fit_is_enough_to_be_refused(run, fitted, tmp_path):
    known = cells_of("a", number=1)[0]
    pack([("new", *known[1:]), *cells_of("yz", number=1, seed=3)], tmp_path / "x")
    with pytest.raises(RunError, match="1 of these 3 images"):
        evaluate_run(run, SET._replace(records=tmp_path / "x"), calibration="lab")


def test_new_images_of_patients_that_it_was_fitted_on_carry_a_caveat(run, fitted, tmp_path):
    pack(cells_of("abyz", number=2, seed=77), tmp_path / "x")
    _, report = evaluate_run(run, SET._replace(records=tmp_path / "x"), calibration="lab")
    assert "patient ids of its calibration" in report["stamps"]


def test_image_files_that_it_was_fitted_on_are_not_predicted(run, fitted, tmp_path):
    known, new = tmp_path / "known.png", tmp_path / "new.png"
    cells_of("a", number=1)[0][2].save(known)
    cells_of("a", number=1, seed=5)[0][2].save(new)
    answer = predict_new(run, [known, new], calibration="lab")
    assert answer.problems == [f"{known}: the calibration 'lab' was fitted on this image"]
    (row,) = answer.rows
    (plain,) = predict_new(run, [new]).rows
    assert row["path"] == str(new) and row["score"] == pytest.approx(plain["score"])
    fit = fitted.calibration
    assert row["threshold"] == fit.threshold
    logit = np.log(row["score"] / (1 - row["score"]))
    assert row["calibrated_score"] == pytest.approx(
        1 / (1 + np.exp(-logit / fit.temperature - fit.bias)), abs=1e-5
    )
    only_known = predict_new(run, [known], calibration="lab")
    assert only_known.rows == [] and len(only_known.problems) == 1


def test_cells_that_the_network_has_learnt_from_are_no_cells_to_calibrate_on(
    run, records, tmp_path
):
    with pytest.raises(RunError, match="resubstitution"):
        calibrate_run(run, EvaluationSet("train", 1, records))
    pack(
        [("x" + p, label, image) for p, label, image in own_cells(records, "train")], tmp_path / "x"
    )
    with pytest.raises(RunError, match="has learnt from images of this set"):
        calibrate_run(run, EvaluationSet(records=tmp_path / "x"))
    assert not (run / "calibrations").exists()


def test_names_are_plain_taken_once_and_known(run, own, fitted):
    asked = EvaluationSet(records=own)
    with pytest.raises(RunError, match="exists already"):
        calibrate_run(run, asked)  # Its name is that of the folder.
    for name in ("../x", "", ".x", "a/b", "x" * 65, "\u0430b", "a\n"):
        with pytest.raises(RunError, match="Expected a name of up to 64"):
            calibrate_run(run, asked, name=name or " ")
        with pytest.raises(RunError, match="Expected a name of up to 64"):
            evaluate_run(run, asked._replace(split="validation"), calibration=name or " ")
    with pytest.raises(RunError, match="no calibration 'other'. It has lab."):
        evaluate_run(run, asked._replace(split="validation"), calibration="other")


def test_name_that_another_process_takes_meanwhile_is_refused(run, own, monkeypatch):
    digests = module.pixel_digests

    def taken_meanwhile(pngs, **more):
        (run / "calibrations/lab").mkdir(parents=True)
        (run / "calibrations/lab/SHA256SUMS").touch()
        return digests(pngs, **more)

    monkeypatch.setattr(module, "pixel_digests", taken_meanwhile)
    with pytest.raises(RunError, match="lab exists already. Name another calibration: --name NAME"):
        calibrate_run(run, EvaluationSet(records=own), name="lab")


def test_name_that_another_process_is_writing_is_refused(run, own):
    (run / "calibrations").mkdir()
    with (run / "calibrations/.lab.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(RunError, match="written by another process. Name another calibration"):
            calibrate_run(run, EvaluationSet(records=own), name="lab")


def test_sensitivity_that_cannot_be_is_refused_as_train_refuses_it(run, own):
    command = [sys.executable, ROOT / "scripts/calibrate.py", run, "--records", own]
    for value in ("1.5", "-1"):
        words = [*command, "--min-sensitivity", value]
        refused = subprocess.run(words, capture_output=True, text=True, check=False)
        said = f"Expected min_sensitivity of 0 to 1. Received: min_sensitivity={float(value)}"
        assert refused.returncode == 1 and refused.stderr == f"error: {said}\n"
    assert not (run / "calibrations").exists()


def test_result_by_a_calibration_is_replaced_as_a_whole(run, own, fitted, monkeypatch):
    other = SET._replace(records=own.parent / "more/other")
    folder, _ = evaluate_run(run, other, calibration="lab")
    before = {path: path.read_bytes() for path in folder.iterdir()}
    shutil.rmtree(run / "calibrations/lab")
    calibrate_run(run, SET._replace(records=own), name="lab", min_sensitivity=0.9)

    def fail(*args, **kwargs):
        raise OSError("no space left")

    monkeypatch.setattr(evaluate, "write_evaluation", fail)
    with pytest.raises(OSError, match="no space left"):
        evaluate_run(run, other._replace(overwrite=True), calibration="lab")
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_too_few_patients_are_refused_before_they_are_scored(run, tmp_path, monkeypatch):
    pack(cells_of("abc", number=4), tmp_path / "x")
    monkeypatch.delattr(module, "predict")
    with pytest.raises(ValueError, match="two patients at least"):
        calibrate_run(run, EvaluationSet(records=tmp_path / "x"))


@pytest.mark.parametrize(
    ("file", "change", "said"),
    [
        ("calibration.json", lambda x: x.update(threshold=0.123), "threshold is 0.123"),
        ("calibration.json", lambda x: x.update(temperature=9.0), "temperature is 9.0"),
        ("fit.json", lambda x: x["after"].update(kappa=0.99), "kappa is 0.99"),
        ("fit.json", lambda x: x["before"].update(ece=0.5), "before: ece is 0.5"),
        ("fit.json", lambda x: x.update(parts=9), "parts is 9"),
        ("fit.json", lambda x: x.update(network_sha256="0" * 64), "another network"),
        ("fit.json", lambda x: x["run_calibration"].update(bias=3.0), "run_calibration: bias"),
        ("fit.json", lambda x: x.update(name="other"), "name is 'other'"),
        ("fit.json", lambda x: x.pop("stamps"), "it has no stamps"),
        ("fit.json", lambda x: x.update(more=1), "Expected no such field"),
    ],
)
def test_verify_fits_again_and_finds_what_was_changed(run, fitted, file, change, said):
    rewrite(fitted.folder / file, change)
    assert any(said in line for line in drift_of(run)), drift_of(run)


def test_verify_finds_files_of_a_calibration_that_were_removed_or_exchanged(run, own, fitted):
    folder = fitted.folder
    (folder / "training_images.csv").rename(folder / "away.csv")
    found = drift_of(run)
    assert any("training_images.csv: missing" in line for line in found)
    assert any("away.csv: not listed" in line for line in found)
    (folder / "away.csv").rename(folder / "training_images.csv")
    (folder / "SHA256SUMS").unlink()
    assert any("SHA256SUMS: missing" in line for line in drift_of(run))
    with pytest.raises(RunError, match="SHA256SUMS is missing"):
        predict_new(run, [own.parent / "more/source"], calibration="lab")


def test_verify_finds_a_result_whose_calibration_is_another(run, own, fitted):
    folder, _ = evaluate_run(
        run, SET._replace(records=own.parent / "more/other"), calibration="lab"
    )
    rewrite(folder / "metrics.json", lambda x: x.update(calibration="gone"))
    found = drift_of(run)
    assert any("names 'gone', which the run has not" in line for line in found)
    rewrite(folder / "metrics.json", lambda x: x.pop("calibration"))
    assert drift_of(run)
    rewrite(folder / "metrics.json", lambda x: x.update(calibration="../../x"))
    assert drift_of(run)


def test_what_a_kill_leaves_is_no_calibration(run, own, fitted):
    fitted.folder.rename(run / "calibrations/.lab.partial")
    (run / "calibrations/.lab.partial/fit.json").write_text("{")
    assert not drift_of(run)
    with pytest.raises(RunError, match="It has none"):
        predict_new(run, [own], calibration="lab")
    assert calibrate_run(run, EvaluationSet(records=own), name="lab").folder == fitted.folder
    assert not drift_of(run)


def test_calibration_of_another_network_is_not_taken(run, records, fitted, tmp_path):
    other = write_run(tmp_path / "other", records)
    shutil.copytree(fitted.folder, other / "calibrations/lab")
    with pytest.raises(RunError, match="another network"):
        predict_new(other, [tmp_path], calibration="lab")
    (run / "calibrations/link").symlink_to(fitted.folder)
    with pytest.raises(RunError, match="symbolic link"):
        predict_new(run, [tmp_path], calibration="link")


def test_networks_of_all_folds_are_calibrated_as_one(records, own, tmp_path):
    begin(tmp_path / "cv", EXPERIMENT, records=records, options=())
    for fold in range(3):
        write_run(tmp_path / f"cv/fold-{fold}", records, replace(EXPERIMENT, fold=fold, seed=fold))
    cv, members = tmp_path / "cv", members_of([tmp_path / "cv"])
    folder, calibration, _ = calibrate_run(cv, EvaluationSet(records=own), name="lab")
    assert folder == cv / "calibrations/lab"
    with pytest.raises(RunError, match="48 of these 48"):
        evaluate_ensemble(members, SET._replace(records=own), calibration="lab")
    other = SET._replace(records=own.parent / "more/other")
    place, report = evaluate_ensemble(members, other, calibration="lab")
    assert place.name == "validation-calibrated-lab" and report["calibration"] == "lab"
    assert report["threshold"] == calibration.threshold
    assert not [line for checked in verify(place) for line in checked.drift]
    assert not [line for checked in verify(folder) for line in checked.drift]


def test_page_calls_a_set_by_its_calibration(run, own, fitted):
    evaluate_run(run, EvaluationSet("train", 0), calibration="lab")
    names = [name_set(scored) for scored in read_facts(run).sets]
    assert "fold 0 of the training images, calibrated by lab" in names


def test_script_prints_before_and_after_and_what_comes_next(run, own, tmp_path):
    command = [sys.executable, ROOT / "scripts/calibrate.py", run, "--records", own]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    for word in ("before", "after", "kappa", "log loss", "in 4 parts, patients held apart"):
        assert word.lower() in ended.stdout.lower(), ended.stdout
    assert ended.stdout.splitlines()[-1].endswith("--records DIR --calibration lab")
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert again.returncode == 1 and again.stderr.count("\n") <= 2
    assert "exists already" in again.stderr
