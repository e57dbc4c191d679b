"""The stand-in for C-NMC: published form, and classes that size tells apart only in part."""

import csv
import hashlib
import itertools
import re
import struct
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tfrecords.synthetic import write
from tfrecords.synthetic.cells import draw_cell

_NAME = re.compile(r"UID_([Hh]?\d+)_\d+_\d+_(all|hem)\.bmp")
_NUM_IMAGES = 200  # Enough for two processes, and for an AUROC.


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("out")
    return write.write_synthetic(out, num_images=_NUM_IMAGES, seed=1)


@pytest.fixture(scope="module")
def smallest(tmp_path_factory) -> Path:
    """Drawn in this process alone, with seed 0."""
    out = tmp_path_factory.mktemp("smallest")
    return write.write_synthetic(out, num_images=write.MIN_IMAGES)


def _digests(root: Path) -> dict[str, str]:
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }


def _pixels(path: Path) -> np.ndarray:
    data = path.read_bytes()
    offset, side = struct.unpack_from("<I", data, 10)[0], struct.unpack_from("<i", data, 18)[0]
    rows = np.frombuffer(data, np.uint8, offset=offset).reshape(side, -1)[::-1, : 3 * side]
    return rows.reshape(side, side, 3)[..., ::-1]


def _labels(root: Path) -> list[dict[str, str]]:
    with (root / f"{write.PRELIMINARY}_labels.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def _train_files(root: Path) -> list[tuple[Path, str, str]]:
    """Path, patient and class."""
    paths = sorted(root.glob("training_data/fold_?/*/*.bmp"))
    return [(path, *_NAME.fullmatch(path.name).groups()) for path in paths]


def _features(image: np.ndarray) -> list[float]:
    """Area, then colour and texture at four scales, seen at 90x90 pixels."""
    small = image.reshape(90, 5, 90, 5, 3).mean((1, 3))
    inner = ndimage.binary_erosion(small.min(-1) > 3, iterations=2)
    gray, weight = small.mean(-1), inner.astype(float)
    scales = [gray] + [
        ndimage.gaussian_filter(gray * weight, sigma)
        / np.maximum(ndimage.gaussian_filter(weight, sigma), 1e-3)
        for sigma in (1, 2, 4)
    ]
    bands = [(fine - coarse)[inner] for fine, coarse in itertools.pairwise(scales)]
    colours = [*small[inner].mean(0), *small[inner].std(0)]
    area = float(image.any(-1).sum())
    return [area, *colours, *(band.std() for band in bands), *(band.max() for band in bands)]


@pytest.fixture(scope="module")
def examples(root) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Features `(n, 13)`, labels `(n,)` and patients of the training images."""
    files = _train_files(root)
    features = np.array([_features(_pixels(path)) for path, _, _ in files])
    labels = np.array([int(name == "all") for _, _, name in files])
    return features, labels, [patient.upper() for _, patient, _ in files]


def test_same_seed_gives_the_same_bytes_whatever_the_number_of_processes(
    smallest, tmp_path, monkeypatch
):
    monkeypatch.setattr(write, "_IMAGES_PER_PROCESS", 30)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    again = write.write_synthetic(tmp_path, num_images=write.MIN_IMAGES)
    assert _digests(again) == _digests(smallest)


def test_another_seed_gives_other_bytes_for_every_image(root, smallest):
    images = [{d for name, d in _digests(r).items() if ".bmp" in name} for r in (root, smallest)]
    assert images[0].isdisjoint(images[1])


@pytest.mark.parametrize(
    ("pattern", "num_bytes", "offset", "header_size", "side"),
    [
        ("training_data/fold_?/*/*.bmp", 608_454, 54, 40, 450),
        ("validation_data/*/*.bmp", 608_538, 138, 124, 450),
        ("testing_data/*/*.bmp", 1_080_054, 54, 40, 600),
    ],
)
def test_files_have_the_published_headers_and_sizes(
    smallest, pattern, num_bytes, offset, header_size, side
):
    size_image = num_bytes - offset
    for path in smallest.glob(pattern):
        data = path.read_bytes()
        assert len(data) == num_bytes
        assert struct.unpack_from("<2sIHHI", data) == (b"BM", num_bytes, 0, 0, offset)
        expected = (header_size, side, side, 1, 24, 0, size_image, 3779, 3779, 0, 0)
        assert struct.unpack_from("<IiiHHIIiiII", data, 14) == expected


@pytest.mark.parametrize("header_size", [40, 124])
def test_pillow_reads_back_the_pixels_that_were_encoded(tmp_path, header_size):
    image = pytest.importorskip("PIL.Image")
    pixels = np.random.default_rng(0).integers(0, 256, (450, 450, 3), np.uint8)
    path = tmp_path / "1.bmp"
    path.write_bytes(write.encode_bmp(pixels, header_size=header_size))
    with image.open(path) as opened:
        np.testing.assert_array_equal(np.asarray(opened), pixels)


def test_phases_have_the_published_proportions_and_the_exact_total(root):
    num_of_phase = Counter(p.relative_to(root).parts[0] for p in root.rglob("*.bmp"))
    assert num_of_phase == {"training_data": 141, "validation_data": 25, "testing_data": 34}
    num_of_class = Counter(name for _, _, name in _train_files(root))
    assert num_of_class["all"] / num_of_class["hem"] == pytest.approx(2.15, abs=0.05)


def test_images_of_the_later_phases_are_numbered_from_one(root):
    for folder in (write.PRELIMINARY, write.FINAL):
        numbers = sorted(int(path.stem) for path in (root / folder).glob("*.bmp"))
        assert numbers == list(range(1, len(numbers) + 1))


def test_table_of_labels_names_every_preliminary_image_once(root):
    rows = _labels(root)
    files = {path.name for path in (root / write.PRELIMINARY).glob("*.bmp")}
    assert list(rows[0]) == ["Patient_ID", "new_names", "labels"]
    assert sorted(row["new_names"] for row in rows) == sorted(files)
    for row in rows:
        assert row["labels"] == {"all": "1", "hem": "0"}[_NAME.fullmatch(row["Patient_ID"])[2]]


def test_smallest_set_has_every_training_patient_and_four_of_a_class_in_each_fold(smallest):
    patients_of = defaultdict(set)
    for path, patient, name in _train_files(smallest):
        patients_of[path.parts[-3], name].add(patient.upper())
    assert len(patients_of) == 6
    assert min(map(len, patients_of.values())) >= 4
    everyone = [patient for patients in patients_of.values() for patient in patients]
    assert len(everyone) == len(set(everyone)) == 27
    assert {"1", "11", "H1", "H11"} <= set(everyone)


def test_patients_have_one_class_and_one_phase(root):
    train = {(patient.upper(), name) for _, patient, name in _train_files(root)}
    preliminary = {
        (match[1], match[2])
        for match in (_NAME.fullmatch(row["Patient_ID"]) for row in _labels(root))
    }
    assert len(preliminary) == 12
    patients = [patient for patient, _ in train | preliminary]
    assert len(patients) == len(set(patients))


def test_one_patient_is_spelled_in_both_cases(root):
    spellings = Counter(patient for _, patient, _ in _train_files(root))
    assert spellings["h3"] and spellings["H3"]


@pytest.mark.parametrize("size", ["root", "smallest"])
def test_a_duplicate_lies_under_two_patients_in_two_folds(size, request):
    root = request.getfixturevalue(size)
    files_of_digest = defaultdict(list)
    for name, digest in _digests(root / "training_data").items():
        files_of_digest[digest].append(name)
    pairs = [sorted(names) for names in files_of_digest.values() if len(names) > 1]
    assert pairs
    for first, second in pairs:
        assert first.startswith("fold_0/all/UID_20_")
        assert second.startswith("fold_2/all/UID_21_")


def test_cell_is_one_piece_on_exact_black_away_from_the_border(smallest):
    for path in smallest.rglob("*.bmp"):
        inside = _pixels(path).any(-1)
        assert ndimage.label(inside)[1] == 1
        assert not inside[[0, -1]].any() and not inside[:, [0, -1]].any()
        centre = ndimage.center_of_mass(inside)
        assert np.abs(np.array(centre) - inside.shape[0] / 2).max() < 25


def test_larger_canvas_shows_the_same_cell_at_the_same_scale():
    usual, large = (draw_cell(np.random.default_rng(3), label=1, size=size) for size in (450, 600))
    np.testing.assert_array_equal(large[75:525, 75:525], usual)


def test_area_alone_tells_the_classes_apart_only_in_part(examples):
    features, labels, _ = examples
    assert 0.80 < roc_auc_score(labels, features[:, 0]) < 0.90


def test_simple_features_beat_area_on_patients_held_out(examples):
    features, labels, patients = examples
    model = make_pipeline(StandardScaler(), LogisticRegression())
    scores = cross_val_predict(
        model, features, labels, groups=patients, cv=GroupKFold(5), method="decision_function"
    )
    auc = roc_auc_score(labels, scores)
    assert auc > roc_auc_score(labels, features[:, 0]) + 0.04
    assert auc > 0.90


def test_existing_set_is_left_alone(smallest):
    with pytest.raises(FileExistsError, match="choose another folder"):
        write.write_synthetic(smallest.parent, num_images=write.MIN_IMAGES)


def test_interrupted_set_leaves_nothing_behind(tmp_path):
    def interrupt(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write.write_synthetic(tmp_path, num_images=write.MIN_IMAGES, progress=interrupt)
    assert not list(tmp_path.iterdir())


def test_progress_sees_every_image(tmp_path, monkeypatch):
    monkeypatch.setattr(write, "_draw_file", lambda item, **_: None)
    calls = []

    def record(iterable, description, total):
        items = list(iterable)
        calls.append((description, total, len(items)))
        return items

    write.write_synthetic(tmp_path, num_images=60, progress=record)
    assert calls == [("drawing", 60, 60)]


def test_too_few_images_are_refused_with_the_minimum(tmp_path):
    with pytest.raises(ValueError, match="at least 60 images"):
        write.write_synthetic(tmp_path, num_images=59)


def test_unknown_label_and_small_canvas_are_refused():
    for wrong in ({"label": 2}, {"label": 1, "size": 300}):
        with pytest.raises(ValueError, match="Received"):
            draw_cell(np.random.default_rng(0), **wrong)
