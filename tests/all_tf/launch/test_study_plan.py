"""What a study is asked for: rows, fields for all of them, weights, refusals at the door."""

import subprocess
import sys

import pytest

from all_tf.config.presets import BESIDE_STUDY, EXPERIMENTS, STUDY, departures
from all_tf.config.published_results import REPORTED
from all_tf.launch.study_plan import StudyError, choose_rows
from tests.conftest import ROOT


def test_study_has_thirteen_rows_in_the_tables_order():
    assert len(STUDY) == 13
    assert list(EXPERIMENTS) == [*STUDY, *BESIDE_STUDY]
    assert all(name == row.arch for name, row in STUDY.items())
    assert set(REPORTED) < set(STUDY)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--rows", "resnet"), "No such row. Known: base_cnn"),
        (("--epochs", "0"), "Row base_cnn: Expected epochs of at least 1"),
        (("--records", "nowhere"), "No records in nowhere"),
        (("--weights-dir", "nowhere"), "No such folder of weights"),
        (("--weights-dir", ".", "--weights", "none"), "takes none of --weights-dir. Leave out one"),
    ],
)
def test_impossible_study_ends_in_one_error_and_writes_nothing(options, message, tmp_path):
    answer = subprocess.run(
        [sys.executable, ROOT / "scripts/run_study.py", *options],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 1 and answer.stderr.startswith("error: ")
    assert message in answer.stderr and list(tmp_path.iterdir()) == []


def test_weights_of_a_folder_are_used_where_they_are(tmp_path):
    (tmp_path / "googlenet.weights.h5").touch()
    rows = choose_rows(["googlenet", "vgg16", "base_cnn"], {}, weights_dir=tmp_path)
    assert rows["googlenet"].weights == str(tmp_path / "googlenet.weights.h5")
    assert (rows["vgg16"].weights, rows["base_cnn"].weights) == ("imagenet", "none")
    assert choose_rows(["googlenet"], {"weights": "imagenet"}, weights_dir=tmp_path) == {
        "googlenet": rows["googlenet"]
    }
    with pytest.raises(StudyError, match=r"--weights none .* of --weights-dir.*'none', weights_d"):
        choose_rows(["googlenet"], {"weights": "none"}, weights_dir=tmp_path)


def test_row_from_random_weights_stays_so():
    rows = choose_rows(["base_cnn", "vgg16"], {"weights": "imagenet"})
    assert (rows["base_cnn"].weights, rows["vgg16"].weights) == ("none", "imagenet")
    with pytest.raises(StudyError, match="Row vgg16: Expected image_size"):
        choose_rows(["vgg16"], {"image_size": 8})


def test_one_epoch_can_be_asked_of_a_row_with_a_warm_up():
    rows = choose_rows(["base_cnn", "scratch"], {"epochs": 1})
    assert [row.epochs - row.warmup_epochs for row in rows.values()] == [1, 1]


def test_departures_are_the_fields_that_differ_from_the_table():
    rows = choose_rows(["base_cnn", "vgg16"], {"epochs": 1, "seed": 3})
    assert departures("base_cnn", rows["base_cnn"]) == {"seed": 3}  # It has one epoch anyway.
    assert departures("vgg16", rows["vgg16"]) == {"epochs": 1, "seed": 3}
