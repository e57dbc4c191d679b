"""Which images records hold: their name, also where an earlier version wrote none."""

import csv
import json
import shutil

import pytest

from tfrecords.class_names import CNMC_CLASSES
from tfrecords.packing.writer import Settings, write_records
from tfrecords.sources import published
from tfrecords.sources.cnmc import find_images
from tfrecords.store.identity import read_identity
from tfrecords.store.manifest import RecordsError, digest_file


@pytest.fixture
def copy(records, tmp_path):
    return shutil.copytree(records, tmp_path / "of 2020")


def rewrite(directory, **fields):
    path = directory / "manifest.json"
    manifest = {**json.loads(path.read_text()), **fields}
    path.write_text(json.dumps({key: held for key, held in manifest.items() if held is not None}))


def write_statuses(directory, *statuses):
    with (directory / "published.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["name", "status"])
        table.writerows((str(number), status) for number, status in enumerate(statuses))


def test_new_records_say_their_name_and_digest(copy):
    rewrite(copy, name="Kyiv, 2026")
    found = read_identity(copy)
    assert found == ("Kyiv, 2026", digest_file(copy / "manifest.json"), CNMC_CLASSES)


@pytest.mark.parametrize(
    ("statuses", "name"),
    [
        (("exact", "missing"), "C-NMC 2019"),
        (("exact", "changed"), "of 2020"),
        (("exact", "unknown"), "of 2020"),
        (("missing",), "of 2020"),
        ((), "of 2020"),
    ],
)
def test_earlier_records_are_cnmc_only_where_all_files_are_published(copy, statuses, name):
    rewrite(copy, name=None, negative_class=None, positive_class=None)
    if statuses:
        write_statuses(copy, *statuses)
    assert read_identity(copy)[::2] == (name, CNMC_CLASSES)


@pytest.mark.parametrize(
    "fields",
    [
        {"name": 7},
        {"name": "a/b"},
        {"name": "C-NMC  2019"},
        {"positive_class": "<b>"},
        {"negative_class": "x", "positive_class": "x"},
    ],
)
def test_manifest_with_an_impossible_name_is_refused(copy, fields):
    rewrite(copy, **fields)
    with pytest.raises(RecordsError, match="is damaged"):
        read_identity(copy)


def test_published_files_alone_give_the_name_of_the_data_set(synthetic, tmp_path, monkeypatch):
    images = find_images(synthetic)
    digests = {image.name: digest_file(image.path) for image in images}
    monkeypatch.setattr(published, "read_published", lambda: digests)
    settings = Settings(3, num_workers=1, scan=False, folder="lab")
    for title, expected in (("all", "C-NMC 2019"), ("changed", "lab")):
        (tmp_path / title).mkdir()
        write_records(images[:90], tmp_path / title, settings)
        assert read_identity(tmp_path / title).name == expected
        digests[images[0].name] = "0" * 64
