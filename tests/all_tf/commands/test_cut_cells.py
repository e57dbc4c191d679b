"""The command that cuts cells: exit codes, what it says, what it leaves behind."""

import subprocess
import sys

from tests.all_tf.fields.drawn_fields import draw_field, spread_red_cells, write_field
from tests.conftest import ROOT

CELLS = [(150, 150), (150, 450)]


def run(*arguments):
    command = [sys.executable, ROOT / "scripts" / "cut_cells.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


def test_scale_and_counts_are_said_and_a_broken_file_ends_with_code_1(tmp_path):
    field = draw_field(CELLS, red_cells=spread_red_cells(away_from=CELLS))
    whole = write_field(tmp_path / "slide 1" / "ä.png", field)
    (whole.parent / "broken.png").write_bytes(whole.read_bytes()[:1000])
    done = run(whole.parent, "--out", tmp_path / "out")
    assert done.returncode == 1
    assert "um a pixel" in done.stdout
    assert "cells cut out: 2" in done.stdout
    assert "1 not cut" in done.stderr
    assert "broken.png" in done.stderr
    assert (tmp_path / "out" / "cells" / "slide 1" / "ä_002.png").is_file()


def test_slides_of_a_folder_are_said_to_be_patients(tmp_path):
    for place in ("P1/slideA/x.png", "P1/slideB/y.png", "P2/z.png"):
        write_field(tmp_path / "slides" / place, draw_field(CELLS))
    done = run(tmp_path / "slides", "--out", tmp_path / "out", "--native-scale")
    assert done.returncode == 0
    assert done.stdout.startswith("Patients: 2 folders within P1 count as 2 patients. If they are")


def test_without_a_scale_it_says_what_to_pass(tmp_path):
    path = write_field(tmp_path / "x.png", draw_field(CELLS))
    done = run(path, "--out", tmp_path / "out")
    assert done.returncode == 1
    assert "--microns-per-pixel" in done.stderr
    assert "--native-scale" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_folder_of_somebody_is_not_replaced(tmp_path):
    path = write_field(tmp_path / "x.png", draw_field(CELLS))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("years of work")
    done = run(path, "--out", tmp_path / "out", "--native-scale", "--overwrite")
    assert done.returncode == 1
    assert "not ours to replace" in done.stderr
    assert (tmp_path / "out" / "thesis.txt").exists()


def test_second_cutting_does_not_take_the_first_for_fields(tmp_path):
    write_field(tmp_path / "x.png", draw_field(CELLS))
    words = (tmp_path, "--out", tmp_path / "cut", "--native-scale")
    first, second = run(*words), run(*words, "--overwrite")
    assert second.returncode == 0 and second.stdout == first.stdout and "Fields: 1;" in first.stdout
