"""What is wrong with a path, an option or the records is said before TensorFlow is loaded."""

import json
import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tests.untrained import write_run

# Each line begins with the command; RUN, RECORDS and NO stand for paths, of which NO is missing.
WRONG = {
    "calibrate NO --records RECORDS": "No run in",
    "calibrate RUN --records NO": "No records in",
    "compare NO RUN": "No run in",
    "cut_cells NO --out NO": "No such picture or folder",
    "evaluate NO": "No run in",
    "evaluate RUN --records NO": "No records in",
    "evaluate RUN --split train --fold 99": "No such fold. The records have",
    "evaluate RUN --split test --fold 0": "Only train has folds",
    "evaluate RUN --calibration none": "has no calibration",
    "evaluate --ensemble RUN NO": "No run in",
    "explain NO": "No run in",
    "explain RUN --records NO": "No records in",
    "export NO --format onnx": "No run in",
    "export RUN --format onnx --records NO": "No records in",
    "import_weights --arch googlenet --from NO --out NO.weights.h5": "No such file of weights",
    "make_tfrecords --source NO --records NO": "no folder",
    "page NO": "No run in",
    "page RUN --calibration none": "has no calibration",
    "predict NO cell.png": "No run in",
    "predict RUN NO": "No such image or folder",
    "predict RUN RECORDS --calibration none": "has no calibration",
    "probe NO": "No run in",
    "probe RUN --records NO": "No records in",
    "report NO": "No run in",
    "review NO": "No run in",
    "review RUN --records NO": "No records in",
    "run_study --records NO --study-dir NO": "No records in",
    "show_batch --augment hflip --out NO.png --records NO": "No records in",
    "sweep --space NO --trials 1 --study-dir NO": "NO",
    "train --arch base_cnn --records NO": "No records in",
    "train --arch base_cnn --records RECORDS --fold 99": "No such fold",
    "train --arch base_cnn --records RECORDS --weights NO": "No such file of weights",
    "train --arch base_cnn --fold all --records NO --run-dir NO": "No records in",
    "train --resume NO": "No run in",
    "train --refit NO": "No cross-validation in",
    "train --config NO": "NO",
    "verify NO": "No run in",
}
# TensorFlow and Keras cannot be imported here, so that whoever tries ends otherwise.
CODE = """
import io, json, sys
from contextlib import redirect_stderr, redirect_stdout
from importlib import import_module
sys.modules.update(dict.fromkeys(("tensorflow", "keras", "keras_cv", "tensorflow_datasets")))
ends = []
for command, *words in json.load(sys.stdin):
    sys.argv = [command, *words]
    with redirect_stderr(io.StringIO()), redirect_stdout(io.StringIO()):
        try:
            import_module(f"all_tf.commands.{command}").main()
            ends.append("nothing was wrong")
        except SystemExit as end:
            ends.append(str(end))
        except BaseException as error:
            ends.append(repr(error))
print(json.dumps(ends))
"""


@pytest.fixture(scope="module")
def ends(records, tmp_path_factory) -> dict[str, str]:
    """How each command ends, all of them in one process."""
    folder = tmp_path_factory.mktemp("wrong")
    write_run(folder / "RUN", records)
    place_of = {"RUN": folder / "RUN", "RECORDS": records, "NO": folder / "NO"}
    lines = [
        [next((word.replace(key, str(path)) for key, path in place_of.items() if key in word), word)
         for word in line.split()]
        for line in WRONG
    ]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        input=json.dumps(lines), cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert [path.name for path in folder.iterdir()] == ["RUN"]
    return dict(zip(WRONG, json.loads(done.stdout), strict=True))


def test_every_command_that_reads_what_somebody_names_is_tried():
    others = {"benchmark", "doctor", "make_synthetic"}  # For developers; says it itself; no input.
    tried = {line.split()[0] for line in WRONG}
    assert tried | others == {path.stem for path in (ROOT / "scripts").glob("*.py")}


@pytest.mark.parametrize("line", WRONG)
def test_what_is_wrong_is_said_in_one_line_without_tensorflow(line, ends):
    assert ends[line].startswith("error: ") and WRONG[line] in ends[line]
