"""The challenge's zip file holds the decisions by image number, and another one is found out."""

import zipfile

import numpy as np
import pytest

from all_tf.metrics.predictions import Predictions
from all_tf.runs.folder import SUBMISSION_FILE, RunError
from all_tf.runs.submission import check_submission, write_submission

NAMES = np.array(["10.bmp", "2.bmp", "1.bmp"])
NOBODY = np.full(3, "")
CELLS = Predictions(NAMES, NOBODY, NOBODY, np.full(3, -1), np.array([3.0, -3.0, 3.0]))
MEMBER = "isbi_valid.predict"


def write_zip(path, text, name=MEMBER):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, text)


def test_decisions_stand_in_the_order_of_the_numbers(tmp_path):
    path = tmp_path / SUBMISSION_FILE
    write_submission(path, CELLS, threshold=0.5)
    assert zipfile.ZipFile(path).read(MEMBER) == b"1\n0\n1\n"
    check_submission(path, CELLS, threshold=0.5)


@pytest.mark.parametrize(
    ("text", "name"), [("1\n1\n1\n", MEMBER), ("1\n0\n1\n0\n", MEMBER), ("1\n0\n1\n", "other")]
)
def test_other_decisions_are_found(text, name, tmp_path):
    write_zip(tmp_path / SUBMISSION_FILE, text, name)
    with pytest.raises(RunError, match=SUBMISSION_FILE):
        check_submission(tmp_path / SUBMISSION_FILE, CELLS, threshold=0.5)


def test_file_that_is_no_zip_or_is_cut_is_refused(tmp_path):
    path = tmp_path / SUBMISSION_FILE
    write_submission(path, CELLS, threshold=0.5)
    whole = path.read_bytes()
    for at in range(len(whole)):
        damaged = bytearray(whole)
        damaged[at] ^= 0x55
        for data in (whole[:at], bytes(damaged)):
            path.write_bytes(data)
            try:
                check_submission(path, CELLS, threshold=0.5)
            except RunError as error:
                assert SUBMISSION_FILE in str(error)
            else:  # A date, or a version: nothing that is read.
                assert zipfile.ZipFile(path).read(MEMBER) == b"1\n0\n1\n"
