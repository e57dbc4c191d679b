"""What docs/export.md shows is run as it stands, and gives what predict.py gives."""

import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from all_tf.config import choices
from all_tf.evaluation.predict_images import predict_new
from all_tf.export.export_folder import ExportTarget
from all_tf.export.export_run import export_runs
from all_tf.export.reference import ProofCells
from tests.conftest import ROOT
from tests.exported_runs import write_spread_run
from tests.untrained import EXPERIMENT
from tfrecords.synthetic.cells import draw_cell

pytestmark = pytest.mark.slow  # Four files are written.
PAGE = (ROOT / "docs" / "export.md").read_text()
SNIPPETS = re.findall(r"^```(python|js)\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
NODE_MODULES = ROOT / ".node" / "node_modules"  # `make test` installs them.


@pytest.fixture(scope="module")
def run(records, tmp_path_factory):
    return write_spread_run(tmp_path_factory.mktemp("runs") / "run", records, EXPERIMENT)


@pytest.fixture(scope="module")
def place(run, tmp_path_factory):
    """A folder with the files of all formats and a cell."""
    folder = tmp_path_factory.mktemp("place") / "export"
    for name in choices.EXPORT_FORMATS:
        export_runs([run], ExportTarget(name), out=folder, asked=ProofCells(8))
    cell = draw_cell(np.random.default_rng(4), label=1)
    Image.fromarray(cell).save(folder / "cell.png")
    return folder


def test_page_shows_each_format():
    assert [language for language, _ in SNIPPETS] == ["python", "python", "python", "js", "python"]
    for name in choices.EXPORT_FORMATS:
        assert f"| `{name}` | `{ExportTarget(name).file}" in PAGE


@pytest.mark.parametrize("number", range(len(SNIPPETS)))
def test_snippet_gives_what_predict_gives(number, run, place):
    language, text = SNIPPETS[number]
    file = place / ("snippet.py" if language == "python" else "snippet.mjs")
    program = [sys.executable, "-I"]
    if language == "js":
        if shutil.which("node") is None or not (NODE_MODULES / "onnxruntime-node").is_dir():
            pytest.skip("no Node.js with onnxruntime-node here")  # `make test` installs it by npm.
        program = ["node"]
        if not (place / "node_modules").exists():
            (place / "node_modules").symlink_to(NODE_MODULES)
    file.write_text(text)
    answer = subprocess.run(
        [*program, file], cwd=place, capture_output=True, text=True, check=False, timeout=300
    )
    assert answer.returncode == 0, answer.stderr[-2000:]
    probability, decision = answer.stdout.split()[-2:]
    (row,) = predict_new(run, [place / "cell.png"]).rows
    assert float(probability) == pytest.approx(row["calibrated_score"], abs=1e-4)
    assert ("HEM", "ALL")[int(decision)] == row["decision"]
