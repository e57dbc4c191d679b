"""Every format answers as the run does, says what it is, and stands beside the others."""

import json
import shutil
from dataclasses import asdict

import numpy as np
import pytest
from PIL import Image

from all_tf.evaluation.predict_images import predict_new
from all_tf.export.export_folder import ExportTarget, digests
from all_tf.export.export_run import export_runs
from all_tf.export.reference import ProofCells, native_image
from all_tf.runs.folder import RunError
from tests.exported_runs import write_spread_run
from tests.untrained import EXPERIMENT

EXACT = [
    ExportTarget("keras"),
    ExportTarget("savedmodel"),
    ExportTarget("onnx"),
    ExportTarget("litert"),
]
QUANTIZED = [ExportTarget("litert", "float16"), ExportTarget("litert", "int8")]
FEW = ProofCells(20)
pytestmark = pytest.mark.slow  # Six files are written and opened.


@pytest.fixture(scope="module")
def run(records, tmp_path_factory):
    return write_spread_run(tmp_path_factory.mktemp("runs") / "run", records, EXPERIMENT)


@pytest.fixture(scope="module")
def exported(run):
    """The export folder of the run, with all formats."""
    for target in (*EXACT, *QUANTIZED):
        path, _ = export_runs([run], target, out=run / "export", asked=FEW)
        assert path.exists()
    return run / "export"


@pytest.fixture
def copy(run, tmp_path):
    """The run without its exports, to be damaged."""
    return shutil.copytree(run, tmp_path / "copy", ignore=shutil.ignore_patterns("export"))


@pytest.fixture(scope="module")
def cells(run, synthetic):
    """Images of files, and what predict.py says of them."""
    phase = synthetic / "C-NMC_test_final_phase_data"
    files = sorted(phase.glob("*.bmp"))[:9] or sorted(synthetic.rglob("*.bmp"))[:9]
    images = [np.asarray(Image.open(path).convert("RGB")) for path in files]
    return images, predict_new(run, files).rows


def leftovers(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


def about(folder) -> dict:
    return json.loads((folder / "export.json").read_text())


def test_formats_are_added_one_by_one_and_answer_as_the_run(exported):
    files = about(exported)["files"]
    assert files.keys() == {target.file for target in (*EXACT, *QUANTIZED)}
    assert {path.name for path in exported.iterdir()} == {*files, "export.json"}
    for target in EXACT:
        proof = files[target.file]["proof"]
        assert proof["largest_difference"] <= proof["limit"] == 1e-4
        assert proof["answers_that_differ"] == 0 and proof["num_cells"] == FEW.number
        assert proof["cells_of"] == "train fold 0"
    for target in QUANTIZED:  # Held to no limit, but what they give is said.
        proof = files[target.file]["proof"]
        assert proof["limit"] is None and 0 < proof["largest_difference"] < 0.5
    assert leftovers(exported.parent) == []


def test_export_json_holds_digests_limits_and_caveats(run, exported):
    held = about(exported)
    assert held["classes"] == ["HEM", "ALL"] and held["use"].startswith("For research use only")
    (of_run,) = held["runs"]
    assert of_run["view"] == asdict(EXPERIMENT.view) and of_run["stamps"] == {}
    assert of_run["range_of_training_images"] is None  # This one has none.
    metrics = json.loads((run / "metrics.json").read_text())
    assert of_run["weights_sha256"] == metrics["weights_sha256"]
    for name, entry in held["files"].items():
        assert digests(exported / name) == entry["sha256"]


def open_onnx(exported):
    import onnxruntime

    session = onnxruntime.InferenceSession(exported / "model.onnx")
    return lambda images: session.run(["probability", "answer"], {"image": images})


def open_saved_model(exported):
    import tensorflow as tf

    served = tf.saved_model.load(exported / "saved_model").signatures["serving_default"]

    def answer(images):
        found = served(image=tf.constant(images))
        return found["probability"].numpy(), found["answer"].numpy()

    return answer


def open_keras(exported):
    import keras

    model = keras.saving.load_model(exported / "model.keras")

    def answer(images):
        found = model.predict(images, verbose=0)
        return found["probability"], found["answer"]

    return answer


def open_litert(exported):
    from ai_edge_litert.interpreter import Interpreter

    serve = Interpreter(exported / "model.tflite").get_signature_runner("serving_default")

    def answer(images):
        found = serve(image=images)
        return found["probability"], found["answer"]

    return answer


OPENERS = [open_keras, open_saved_model, open_onnx, open_litert]


@pytest.mark.parametrize("opener", OPENERS)
def test_images_of_files_get_the_scores_of_predict(opener, exported, cells):
    """Each image by itself, and together as far as they are of one size."""
    images, rows = cells
    answer = opener(exported)
    for image, row in zip(images, rows, strict=True):
        if opener is open_litert:  # Of 450 px alone.
            image = native_image(_as_record(image))
        probability, decision = answer(image[np.newaxis])
        assert probability[0] == pytest.approx(row["calibrated_score"], abs=1e-4)
        assert ("HEM", "ALL")[decision[0]] == row["decision"]
    together = np.stack([native_image(_as_record(image)) for image in images[:7]])
    np.testing.assert_allclose(
        answer(together)[0], [row["calibrated_score"] for row in rows[:7]], atol=1e-4
    )


def _as_record(image: np.ndarray) -> bytes:
    from tfrecords.codec.pictures import fit_center
    from tfrecords.codec.png import encode_png

    return encode_png(fit_center(Image.fromarray(image), 450))


@pytest.mark.parametrize("opener", OPENERS[:3])
def test_smaller_image_is_taken_as_if_black_were_around_it(opener, exported, cells):
    image = native_image(_as_record(cells[0][0]))[np.newaxis]
    whole, small = image.copy(), image[:, 75:375, 75:375]
    whole[:, :75] = whole[:, 375:] = whole[:, :, :75] = whole[:, :, 375:] = 0
    answer = opener(exported)
    np.testing.assert_allclose(answer(small)[0], answer(whole)[0], atol=1e-6)


@pytest.mark.parametrize("opener", OPENERS[1:])
def test_images_of_floats_are_refused(opener, exported):
    with pytest.raises(Exception, match="(?i)float"):  # Each library has an error of its own.
        opener(exported)(np.zeros((1, 450, 450, 3), np.float32))


def test_onnx_file_says_what_it_is(exported):
    import onnx

    model = onnx.load(exported / "model.onnx")
    props = {each.key: each.value for each in model.metadata_props}
    assert props["use"].startswith("For research use only")
    assert json.loads(props["classes"]) == ["HEM", "ALL"]
    assert json.loads(props["runs"]) == about(exported)["runs"]
    (image,) = model.graph.input  # No constant was left as an input.
    sides = [dim.dim_param or dim.dim_value for dim in image.type.tensor_type.shape.dim]
    assert sides == ["n", "height", "width", 3]


def test_file_that_is_there_is_replaced_only_if_asked(run, exported):
    before = (exported / "model.keras").stat().st_ino
    with pytest.raises(FileExistsError, match="model.keras exists already. Pass --overwrite"):
        export_runs([run], ExportTarget("keras"), out=exported, asked=FEW)
    assert (exported / "model.keras").stat().st_ino == before
    export_runs([run], ExportTarget("keras"), out=exported, overwrite=True, asked=FEW)
    assert (exported / "model.keras").stat().st_ino != before
    assert len(about(exported)["files"]) == 6


def test_files_of_another_run_are_replaced_only_if_asked(copy, exported, tmp_path):
    out = shutil.copytree(exported, tmp_path / "out")
    (copy / "calibration.json").write_text(
        json.dumps(json.loads((copy / "calibration.json").read_text()) | {"rule": "another"})
    )
    (out / "model.onnx").unlink()
    with pytest.raises(FileExistsError, match="holds files of another run"):
        export_runs([copy], ExportTarget("onnx"), out=out, asked=FEW)
    export_runs([copy], ExportTarget("onnx"), out=out, asked=FEW, overwrite=True)
    assert {path.name for path in out.iterdir()} == {"model.onnx", "export.json"}


def test_file_that_somebody_has_changed_is_not_kept(run, exported, tmp_path):
    out = shutil.copytree(exported, tmp_path / "out")
    (out / "model.onnx").unlink()
    with (out / "model.tflite").open("ab") as file:
        file.write(b"more")
    with pytest.raises(RunError, match="model.tflite is not the file that was exported"):
        export_runs([run], ExportTarget("onnx"), out=out, asked=FEW)
