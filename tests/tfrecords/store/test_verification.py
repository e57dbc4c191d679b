"""What a manifest says of its images is held against the index and the shards."""

import json
import shutil

import pytest

from tfrecords.store.manifest import RecordsError
from tfrecords.store.verification import verify_records


@pytest.fixture
def copy(records, tmp_path):
    return shutil.copytree(records, tmp_path / "records")


def rewrite(directory, change):
    path = directory / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


def test_records_as_they_were_written_are_so(copy):
    assert "is as it was written" in verify_records(copy)


def test_count_that_is_no_number_is_refused_when_the_manifest_is_read(copy):
    path = copy / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["splits"]["train"]["num_images"] = "9,999"
    path.write_text(json.dumps(manifest))
    with pytest.raises(RecordsError, match="Expected num_images of type int. Received: num_images"):
        verify_records(copy)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda m: m["splits"]["train"].update(num_images=9999), "num_images of train is 9999, im"),
        (
            lambda m: m["splits"]["validation"]["num_images_of_class"].update(hem=1),
            "num_images_of_class of validation is {'hem': 1",
        ),
        (
            lambda m: m["splits"]["train"]["shards"][0].update(num_images=7),
            "num_images of the shards of train is 7",
        ),
        (lambda m: m["splits"].pop("test"), "num_images of test is None"),
        (lambda m: m.update(patient_per_image=True), "patient_per_image is True, by images.csv"),
    ],
)
def test_count_that_is_not_that_of_the_index_is_found(change, fault, copy):
    rewrite(copy, change)
    with pytest.raises(RecordsError) as caught:
        verify_records(copy)
    assert f"manifest.json: {fault}" in str(caught.value)
