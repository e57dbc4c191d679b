"""Fields in memory give the cells that cut_cells.py writes, and the same problems."""

import io

import numpy as np
import pytest
from PIL import Image

from all_tf.fields.cut_fields import cut_fields
from all_tf.fields.cut_in_memory import cut_in_memory, field_of
from all_tf.fields.cutting_plan import CutSettings
from all_tf.fields.field_files import find_fields
from tests.all_tf.page.test_service import draw_field
from tfrecords.codec.png import encode_png


@pytest.fixture(scope="module")
def field(tmp_path_factory):
    path = tmp_path_factory.mktemp("fields") / "f.png"
    Image.fromarray(draw_field()).save(path)
    return path


def test_cells_are_those_that_are_written(field, tmp_path):
    settings = CutSettings(0.06)
    fields, _ = find_fields([field])
    written = cut_fields(fields, tmp_path / "out", settings, overwrite=False)
    cells, summary = cut_in_memory([("f.png", field.read_bytes())], settings)
    files = sorted((tmp_path / "out/cells").rglob("*.png"))
    assert [encode_png(image) for _, image in cells] == [path.read_bytes() for path in files]
    assert len(cells) == summary.num_cut == written.num_cut == 2
    assert [name for name, _ in cells] == ["f.png, cell 1", "f.png, cell 2"]


def test_broken_field_is_a_problem_and_equal_names_stay_apart(field):
    named = [("f.png", field.read_bytes()), ("f.png", b"no picture"), ("f.png", field.read_bytes())]
    cells, summary = cut_in_memory(named, CutSettings(0.06))
    assert len(cells) == 4 and cells[2][0] == "f.png (3), cell 1"
    (problem,) = summary.problems
    assert problem.startswith("f.png (2): not a BMP, PNG, TIFF or JPEG file")


def drawn(grey: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.full((64, 64, 3), grey, np.uint8)).save(buffer, format="PNG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (["f.png", "f.png", "f.png (2)"], ["f.png", "f.png (3)", "f.png (2)"]),
        (["a/1.png", "./a/1.png", "a//1.png"], ["a/1.png", "./a/1.png", "a//1.png"]),
    ],
)
def test_each_field_is_cut_from_its_own_picture(names, shown, monkeypatch):
    read = []

    def find_cells(pixels, **_):
        read.append(int(pixels[0, 0, 0]))
        return None, []

    monkeypatch.setattr("all_tf.fields.cut_in_memory.find_cells", find_cells)
    fields = [(name, drawn(10 * place)) for place, name in enumerate(names, start=1)]
    cut_in_memory(fields, CutSettings(0.1))
    assert read == [10, 20, 30]
    _, summary = cut_in_memory(fields, CutSettings())
    assert [line.partition(": ")[0] for line in summary.problems] == shown


def test_cell_names_its_field(field):
    named = [("f.png, cell 1", field.read_bytes())]
    cells, _ = cut_in_memory(named, CutSettings(0.06))
    assert [field_of(name) for name, _ in cells] == ["f.png, cell 1"] * 2
