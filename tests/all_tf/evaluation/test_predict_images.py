"""New cells: any image or folder is scored as records would be, bad files are listed, none lost."""

import io
import os
import shutil

import numpy as np
import pytest
from PIL import Image

from all_tf.data.image_files import read_new_cells
from all_tf.data.patient_column import patient_lookup
from all_tf.data.training_range import RANGE_FEATURES
from all_tf.evaluation.evaluate import evaluate_run
from all_tf.evaluation.predict_images import predict_new
from all_tf.runs.folder import EvaluationSet
from tests.conftest import noise, read_rows
from tests.new_cells import save_cells, write_ranged_run

ANYTHING = dict.fromkeys(RANGE_FEATURES, (0.0, np.inf))


@pytest.fixture(scope="module")
def run(records, tmp_path_factory):
    return write_ranged_run(tmp_path_factory.mktemp("runs") / "run", records)


@pytest.fixture(scope="module")
def phase(synthetic):
    """The folder of the preliminary phase as it was published."""
    return next(synthetic.rglob("*prelim_phase_data"))


@pytest.fixture
def folder(tmp_path):
    return save_cells(tmp_path)


def test_files_get_the_logits_that_their_records_get(run, phase):
    evaluate_run(run, EvaluationSet("validation"), tta=8)
    filed = read_rows(run / "evaluation/validation-tta-8/predictions.csv")
    expected = {row["name"].split("/")[1]: row for row in filed}
    answer = predict_new(run, [phase], tta=8)
    assert len(answer.rows) == len(expected) == 15 and answer.problems == []
    for row in answer.rows:
        of_records = expected[row["path"].split("/")[-1]]
        assert row["score"] == pytest.approx(float(of_records["score"]), abs=1e-6)
        assert row["calibrated_score"] == pytest.approx(
            float(of_records["calibrated_score"]), abs=1e-6
        )
        assert row["threshold"] == 0.45
        assert row["decision"] == ("ALL" if row["calibrated_score"] >= 0.45 else "HEM")
        assert row["warnings"].startswith("size: area")  # Those of the range are small squares.


def test_images_and_folders_are_taken_in_order_each_once(folder):
    paths = [folder / "below/b.TIFF", folder, folder / "a.png"]
    new = read_new_cells(paths, ANYTHING)
    assert new.cells.names.tolist() == [str(folder / "below/b.TIFF"), str(folder / "a.png")]
    assert new.problems == [] and new.warnings == [[], []]
    pixels = np.asarray(Image.open(io.BytesIO(new.cells.pngs[1])))
    assert pixels.shape == (450, 450, 3)  # The 300 px of the file, black around.
    np.testing.assert_array_equal(pixels[75:375, 75:375], noise(5, side=300))


def spoil_empty(path):
    path.write_bytes(b"")
    return "the file is empty"


def spoil_text(path):
    path.write_text("no image")
    return "not a BMP, PNG, TIFF or JPEG file"


def spoil_cut(path):
    path.write_bytes(path.read_bytes()[:400])
    return "damaged: a PNG that is cut short"


def spoil_black(path):
    Image.new("RGB", (450, 450)).save(path)
    return "no cell"


def spoil_colours(path):
    Image.open(path).convert("CMYK").save(path, "JPEG")
    return "received mode CMYK"


def spoil_absent(path):
    path.unlink()
    return "No such file or directory"


def spoil_unreadable(path):
    path.unlink()
    path.symlink_to(path.name)
    return "symbolic links"


def spoil_fifo(path):
    path.unlink()
    os.mkfifo(path)
    return "expected a regular file; received a FIFO"


def spoil_device(path):
    path.unlink()
    path.symlink_to("/dev/zero")
    return "expected a regular file; received a device"


def spoil_sparse(path):
    with path.open("wb") as file:
        file.truncate(2**40)
    return "expected an image of at most"


def spoil_checksum(path):
    data = path.read_bytes()
    path.write_bytes(data[:-16] + bytes(4) + data[-12:])
    return "is wrong; copy the file again from its source"


def spoil_size(path):
    Image.new("RGB", (1, 1), "white").save(path)
    return "received 1x1"


@pytest.mark.parametrize(
    "spoil",
    [
        spoil_fifo,
        spoil_device,
        spoil_sparse,
        spoil_checksum,
        spoil_size,
        spoil_empty,
        spoil_text,
        spoil_cut,
        spoil_black,
        spoil_colours,
        spoil_absent,
        spoil_unreadable,
    ],
)
def test_bad_file_is_listed_with_its_reason_and_the_rest_is_read(spoil, folder):
    reason = spoil(folder / "a.png")
    new = read_new_cells([folder / "a.png", folder / "below"], ANYTHING)
    (problem,) = new.problems
    assert problem.startswith(f"{folder / 'a.png'}: ") and reason in problem
    assert new.cells.names.tolist() == [str(folder / "below/b.TIFF")]


def test_links_to_one_file_are_read_once(folder):
    (folder / "soft.png").symlink_to("a.png")
    (folder / "below/again").symlink_to("..")
    new = read_new_cells([folder, folder / "below" / "again", folder / "soft.png"], ANYTHING)
    assert len(new.cells) == 2 and new.problems == []


def test_second_name_of_a_file_is_listed_once(folder):
    (folder / "hard.png").hardlink_to(folder / "a.png")
    (folder / "below/soft.png").symlink_to("../hard.png")
    new = read_new_cells([folder, folder, folder / "hard.png"], ANYTHING)
    assert len(new.cells) == 2
    assert new.problems == [
        f"{folder}/hard.png: the same file as {folder}/a.png, which is read once"
    ]


def test_what_is_no_regular_file_is_listed_as_the_packer_does(folder):
    os.mkfifo(folder / "below/fifo.png")
    os.mkfifo(folder / "below/fifo")
    new = read_new_cells([folder], ANYTHING)
    assert len(new.cells) == 2
    assert new.problems == [f"{folder}/below/fifo.png: not a regular file"]


def test_folder_without_images_and_images_of_other_formats_are_listed(folder):
    (folder / "c.gif").write_bytes(b"GIF89a")
    (folder / "none").mkdir()
    new = read_new_cells([folder, folder / "none"], ANYTHING)
    assert len(new.cells) == 2
    assert [problem.split(": ")[1][:15] for problem in new.problems] == [
        "expected one of",
        "no image below ",
    ]


def test_name_that_is_no_text_is_shown_all_the_same(folder):
    os.rename(folder / "a.png", os.fsencode(folder) + b"/\xff.png")  # noqa: PTH104  Path knows no bytes.
    new = read_new_cells([folder], ANYTHING)
    assert new.cells.names.tolist()[0].endswith("/�.png")


def test_folders_whose_names_are_no_text_are_not_one_patient(run, folder):
    for name in (b"/\xfe", b"/\xff"):
        place = os.fsencode(folder) + name
        os.mkdir(place)  # noqa: PTH102  Path knows no bytes.
        shutil.copy(folder / "a.png", os.fsdecode(place))
    with pytest.raises(
        ValueError, match="cells/\ufffd cannot name a patient: the name is not UTF-8; rename it"
    ):
        predict_new(run, [folder], patient_of=patient_lookup("folder"))
    assert predict_new(run, [folder / "a.png"], patient_of=patient_lookup("folder")).patients


def test_folders_of_one_name_are_not_one_patient(run, folder):
    for patient in ("P1", "P2"):
        (folder / patient / "slide1").mkdir(parents=True)
        shutil.copy(folder / "a.png", folder / patient / "slide1")
    with pytest.raises(ValueError, match="P1/slide1, .*P2/slide1: two folders give one name"):
        predict_new(run, [folder], patient_of=patient_lookup("folder"))


def test_run_without_a_range_says_that_nothing_was_compared(folder):
    new = read_new_cells([folder], None)
    assert all("the run has no range" in text for (text,) in new.warnings)
