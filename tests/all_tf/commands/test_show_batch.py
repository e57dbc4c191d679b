"""The picture of a batch shows what training sees: the same cells, labels and shares."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from all_tf.config.experiment import Experiment
from all_tf.data.augmentation import build_augment
from all_tf.data.canvas_cache import canvas_lookup
from all_tf.data.previews import Version, batch_versions, draw_versions
from all_tf.data.splits import load_data
from tests.all_tf.commands.test_scripts import call, one_error


def experiment(*augment):
    return Experiment("base_cnn", image_size=64, augment=augment, limit_train=6, seed=2)


@pytest.fixture(scope="module")
def cells(records):
    return load_data(experiment(), records).fit


def test_versions_are_the_centre_and_then_what_each_step_of_training_is_given(cells):
    chosen = experiment("random_crop", "hflip", "mixup")
    before, *after = batch_versions(cells, chosen, num_steps=3)
    canvases = canvas_lookup(cells, chosen.view, title="test")(np.arange(6))
    assert canvases.shape[1] == 73
    np.testing.assert_array_equal(before.images, canvases[:, 4:68, 4:68])
    np.testing.assert_array_equal(before.labels, cells.labels)
    augment = build_augment(chosen.augment, view=chosen.view, seed=2)
    labels = cells.labels[:, None].astype("float32")
    for step, version in enumerate(after):
        images, shares = augment(canvases, labels, step)
        np.testing.assert_array_equal(version.images, images)
        np.testing.assert_array_equal(version.labels[:, None], shares)
    assert [version.title for version in after] == ["step 0", "step 1", "step 2"]


def texts(path, monkeypatch, labels):
    """All that a picture says."""
    written = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, path: written.append(figure))
    images = np.zeros((len(labels), 8, 8, 3), np.float32)
    versions = [Version("before", images, labels), Version("step 0", images, labels)]
    draw_versions(path, versions, title="rotate")
    (figure,) = written
    captions = [place.get_xlabel() for place in figure.axes]
    return captions, {place.get_title() for place in figure.axes}, figure.get_suptitle()


def test_caption_is_the_class_or_the_share_of_each(tmp_path, monkeypatch):
    labels = np.array([1, 0, 0.75], np.float32)
    captions, titles, title = texts(tmp_path / "a.png", monkeypatch, labels)
    assert captions == [c for c in ("ALL", "HEM", "ALL 0.75, HEM 0.25") for _ in range(2)]
    assert titles == {"before", "step 0", ""} and title == "rotate"


def test_picture_has_a_row_for_each_cell_and_the_cells_of_that_version(tmp_path):
    images = np.zeros((3, 16, 16, 3), np.float32)
    images[:, 2:-2, 2:-2] = np.array([[200, 0, 0], [0, 200, 0], [0, 0, 200]])[:, None, None]
    versions = [Version("before", images, np.ones(3)), Version("step 0", images[::-1], np.ones(3))]
    draw_versions(tmp_path / "new" / "a.png", versions, title="")
    with Image.open(tmp_path / "new" / "a.png") as file:
        picture = np.asarray(file.convert("RGB"))
    centres = {}
    for column, half in enumerate(np.array_split(picture, 2, axis=1)):
        for channel in range(3):
            colour = np.where(np.arange(3) == channel, 200, 0)
            rows = np.flatnonzero((half == colour).all(axis=-1).any(axis=1))
            centres[column, channel] = rows.mean()
    assert centres[0, 0] < centres[0, 1] < centres[0, 2]
    assert centres[1, 0] > centres[1, 1] > centres[1, 2]


def test_ending_that_names_no_format_is_refused(tmp_path):
    versions = [Version("before", np.zeros((1, 8, 8, 3)), np.ones(1))]
    with pytest.raises(ValueError, match="xyz"):
        draw_versions(tmp_path / "a.xyz", versions, title="")


@pytest.mark.slow
def test_script_says_which_file_it_wrote_and_writes_over_it(records, tmp_path):
    out = tmp_path / "batch.png"
    out.write_bytes(b"an older picture")
    arguments = ("--records", records, "--out", out, "--image-size", 64, "--images", 2)
    answer = call("show_batch.py", *arguments, "--augment", "translate,cutmix")
    assert answer.returncode == 0 and answer.stdout.splitlines()[-1] == f"Written: {out}"
    with Image.open(out) as picture:
        assert picture.format == "PNG" and picture.width > picture.height


def test_script_refuses_an_unknown_augmentation_in_one_line(records, tmp_path):
    arguments = ("--records", records, "--out", tmp_path / "a.png", "--augment", "blur")
    error = one_error(call("show_batch.py", *arguments))
    assert "randaugment" in error and len(error.splitlines()) == 1 and not list(tmp_path.iterdir())
