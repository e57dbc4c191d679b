"""The notebook runs from its first cell to its last, and holds no output of anyone's."""

import json
import os

import nbformat
import pytest
from nbclient import NotebookClient

from tests.conftest import ROOT

PATH = ROOT / "notebooks" / "quickstart.ipynb"
SMALL = "NUM_IMAGES, IMAGE_SIZE, EPOCHS = 120, 32, 1"


def read_notebook():
    return nbformat.read(PATH, as_version=4)


def test_notebook_is_valid_and_was_cleared():
    notebook = read_notebook()
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code)
    # Colab opens version 4 with a kernel of Python.
    assert json.loads(PATH.read_text())["nbformat"] == 4
    assert notebook.metadata.kernelspec.name == "python3"


@pytest.mark.slow
def test_every_cell_runs(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    notebook = read_notebook()
    (parameters,) = (
        cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", ())
    )
    parameters.source = SMALL
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=resources).execute()
    shown = {
        kind
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        for kind in output.get("data", ())
    }
    assert {"image/png", "text/html", "text/plain"} <= shown
    assert (tmp_path / "runs/quickstart/report.html").is_file()
    assert (tmp_path / "runs/quickstart/export/model.keras").is_file()
    assert (tmp_path / "predictions.csv").read_text().startswith("path,score,")
