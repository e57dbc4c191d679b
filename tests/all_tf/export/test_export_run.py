"""A run is exported whole, held against itself, and left alone where anything is wrong."""

import json
import resource
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest

from all_tf.config import choices
from all_tf.export import export_run as module
from all_tf.export.export_folder import ExportTarget
from all_tf.export.export_run import export_runs
from all_tf.export.reference import ProofCells
from all_tf.runs.checksums import write_checksums
from all_tf.runs.folder import RunError, write_config, write_json
from all_tf.runs.members import members_of, runs_together
from all_tf.system.checks import ConfigError
from tests.conftest import ROOT, without_coverage
from tests.exported_runs import write_spread_run
from tests.untrained import EXPERIMENT

FEW = ProofCells(20)


@pytest.fixture(scope="module")
def run(records, tmp_path_factory):
    return write_spread_run(tmp_path_factory.mktemp("runs") / "run", records, EXPERIMENT)


@pytest.fixture
def copy(run, tmp_path):
    """The run without its exports, to be damaged."""
    return shutil.copytree(run, tmp_path / "copy", ignore=shutil.ignore_patterns("export"))


def leftovers(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


def about(folder) -> dict:
    return json.loads((folder / "export.json").read_text())


def test_folder_of_somebody_else_is_left_alone(run, tmp_path):
    (tmp_path / "letter.txt").write_text("mine")
    for overwrite in (False, True):
        with pytest.raises(FileExistsError, match="holds no export.json"):
            export_runs([run], ExportTarget("keras"), out=tmp_path, overwrite=overwrite, asked=FEW)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def answer_otherwise(monkeypatch):
    def other(parts, *, threshold, side=None, build=module.portable_model):
        part = parts[0]._replace(calibration=replace(parts[0].calibration, bias=3.0))
        return build([part], threshold=threshold, side=side)

    monkeypatch.setattr(module, "portable_model", other)
    return RunError, "model.keras does not answer as the run does, and was removed"


def write_nothing_readable(monkeypatch):
    monkeypatch.setattr(module, "write_model", lambda model, path, *_, **__: path.write_bytes(b"?"))
    return RunError, "model.keras cannot be opened without this project, and was removed: "


def interrupt(monkeypatch):
    def prove_export(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "prove_export", prove_export)
    return KeyboardInterrupt, None


@pytest.mark.parametrize("fault", [answer_otherwise, write_nothing_readable, interrupt])
def test_what_fails_is_not_left_behind(fault, copy, monkeypatch):
    error, message = fault(monkeypatch)
    with pytest.raises(error, match=message):
        export_runs([copy], ExportTarget("keras"), out=copy / "export", asked=FEW)
    assert not (copy / "export").exists() and leftovers(copy) == []


def drop_calibration(run):
    (run / "calibration.json").unlink()
    return "has no calibration.json"


def damage_weights(run):
    with (run / "best.weights.h5").open("r+b") as file:
        file.seek(3000)
        file.write(b"x")
    return "best.weights.h5 is not the file that the run ended with"


def drop_metrics(run):
    (run / "metrics.json").unlink()
    return "has no metrics.json: its training has not ended"


def be_of_an_old_version(run):
    config = json.loads((run / "config.json").read_text())
    write_json(run / "config.json", {k: v for k, v in config.items() if "sha256" not in k})
    return "Expected manifest_sha256 and folds_sha256 as text. Train again"


def be_no_run(run):
    (run / "config.json").unlink()
    return "No run in"


@pytest.mark.parametrize(
    "fault", [drop_calibration, damage_weights, drop_metrics, be_of_an_old_version, be_no_run]
)
def test_run_that_is_not_whole_is_refused(fault, copy):
    message = fault(copy)
    with pytest.raises(RunError, match=message):
        export_runs([copy], ExportTarget("keras"), out=copy / "export", asked=FEW)
    assert not (copy / "export").exists() and leftovers(copy) == []


def test_unknown_format_or_missing_package_is_named(run, monkeypatch, tmp_path):
    for target, message in (
        (ExportTarget("pickle"), "Unknown format. Known: keras"),
        (ExportTarget("onnx", "int8"), "Known: litert"),
        (ExportTarget("litert", "int4"), "Known: float16, int8"),
    ):
        with pytest.raises(ConfigError, match=message):
            export_runs([run], target, out=tmp_path, asked=FEW)
    monkeypatch.setattr("all_tf.system.extras.find_spec", lambda name: None)
    with pytest.raises(
        ConfigError, match="not installed here: tf2onnx, onnx, onnxruntime. Install"
    ):
        export_runs([run], ExportTarget("onnx"), out=tmp_path, asked=FEW)


def test_records_of_others_hold_no_cells_of_the_selection_set(copy, draw_source):
    from tfrecords.packing.writer import Settings, write_records
    from tfrecords.sources.cnmc import find_images

    kinds = {"all": range(1, 4), "hem": range(4, 7)}
    seeds = {
        f"fold_0/{kind}/UID_{'H' if kind == 'hem' else ''}{n}_1_1_{kind}.bmp": n
        for kind, numbers in kinds.items()
        for n in numbers
    }
    others = copy.parent / "others"
    others.mkdir()
    write_records(find_images(draw_source(seeds)), others, Settings(folds=3, num_workers=1))
    with pytest.raises(RunError, match="not the records that .* was trained on"):
        export_runs(
            [copy], ExportTarget("keras"), out=copy / "export", asked=FEW._replace(records=others)
        )


def test_cross_validation_is_one_file(records, tmp_path):
    folder, runs = tmp_path / "folds", []
    for fold in (0, 1):
        experiment = replace(EXPERIMENT, fold=fold, seed=fold)
        runs.append(write_spread_run(folder / f"fold-{fold}", records, experiment))
    config = json.loads((runs[0] / "config.json").read_text())
    kept = ("experiment", "records", "manifest_sha256", "folds_sha256")
    write_json(
        folder / "cross-validation.json",
        {key: config[key] for key in kept} | {"folds": [0, 1], "options": []},
    )
    members = runs_together([folder])
    assert members == runs == members_of([folder])
    _, found = export_runs(members, ExportTarget("onnx"), out=folder / "export", asked=FEW)
    assert found["proof"]["answers_that_differ"] == 0
    assert found["proof"]["largest_difference"] < 1e-5
    assert [each["name"] for each in about(folder / "export")["runs"]] == ["fold-0", "fold-1"]
    ensemble = tmp_path / "ensemble"
    ensemble.mkdir()
    write_json(ensemble / "metrics.json", {"members": [str(run) for run in runs]})
    write_checksums(ensemble)
    assert runs_together([ensemble]) == runs


def test_run_of_half_precision_is_exported_in_float32(copy):
    config = json.loads((copy / "config.json").read_text())
    experiment = replace(EXPERIMENT, precision="mixed_bfloat16")
    facts = {key: value for key, value in config.items() if key != "experiment"}
    write_config(copy, experiment, facts)
    _, found = export_runs([copy], ExportTarget("keras"), out=copy / "export", asked=FEW)
    proof = found["proof"]
    assert proof["largest_difference"] < 1e-5 and proof["answers_that_differ"] == 0
    assert proof["half_precision"]["largest_difference"] > 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("name", choices.EXPORT_FORMATS)
def test_full_disk_leaves_nothing(name, copy):
    """Files of this process may have 20 kB; every export has more."""
    command = [sys.executable, ROOT / "scripts/export.py", copy, "--format", name]
    ended = subprocess.run(
        [*map(str, command), "--cells", "2"],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
        env=without_coverage(),
    )
    assert ended.returncode == 1 and "Traceback" not in ended.stderr, ended.stderr
    assert ended.stderr.splitlines()[-1].startswith("error: ")
    assert not (copy / "export").exists() and leftovers(copy) == []
