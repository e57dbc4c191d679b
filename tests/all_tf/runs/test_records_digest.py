"""A run knows its records by two hashes: equal ones pass, others are named by their files."""

import shutil

import pytest

from all_tf.runs.folder import RunError
from all_tf.runs.records_digest import RecordsDigest


def test_stored_digest_is_the_one_of_the_records_and_of_a_copy(records, tmp_path):
    digest = RecordsDigest.of(records)
    assert set(digest.as_dict()) == {"manifest_sha256", "folds_sha256"}
    assert RecordsDigest.stored_in({"view": {}, **digest.as_dict()}) == digest
    copy = shutil.copytree(records, tmp_path / "copy")
    assert digest.differing_files(RecordsDigest.of(copy)) == []


@pytest.mark.parametrize(
    "files", [["manifest.json"], ["folds.csv"], ["manifest.json", "folds.csv"]]
)
def test_files_that_differ_or_are_missing_are_named(files, records, tmp_path):
    digest, copy = RecordsDigest.of(records), shutil.copytree(records, tmp_path / "copy")
    for file in files:
        (copy / file).write_text("")
    assert digest.differing_files(RecordsDigest.of(copy)) == files
    for file in files:
        (copy / file).unlink()
    found = RecordsDigest.of(copy)
    assert digest.differing_files(found) == found.differing_files(found) == files


def test_config_without_a_digest_is_refused():
    for content in ({}, {"manifest_sha256": "a", "folds_sha256": None}):
        with pytest.raises(RunError, match="Expected manifest_sha256 and folds_sha256"):
            RecordsDigest.stored_in(content)
