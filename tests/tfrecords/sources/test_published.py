"""The packaged list of what was published, and comparisons with it."""

import csv
import gzip
import hashlib
import subprocess
import sys
from collections import Counter

import pytest

from tests.conftest import ROOT, read_rows
from tests.published_list import pack_published
from tfrecords.sources import published
from tfrecords.sources.cnmc import find_images
from tfrecords.sources.published import (
    compare_with_published,
    describe_comparison,
    read_published,
    write_comparison,
)

FILE = ROOT / "tfrecords" / "sources" / "published.bin"
LIST = ROOT.parent / "shared" / "cnmc_filelist.csv.gz"
ROWS = [
    {"path": f"C-NMC_Leukemia/{path}", "sha256": hashlib.sha256(path.encode()).hexdigest()}
    for path in (
        "training_data/fold_1/all/UID_2_10_1_all.bmp",
        "training_data/fold_1/all/UID_2_9_1_all.bmp",
        "validation_data/C-NMC_test_prelim_phase_data/1.bmp",
        "validation_data/C-NMC_test_prelim_phase_data_labels.csv",
    )
]


@pytest.fixture(scope="module")
def digest_of_name() -> dict[str, str]:
    return read_published()


def test_list_is_small():
    assert FILE.stat().st_size < 600_000


def test_counts_are_those_of_the_publication(digest_of_name):
    splits = Counter(name.split("/")[0] for name in digest_of_name)
    assert splits == {"train": 10_661, "validation": 1_867, "test": 2_586}
    assert published.published_counts() == {
        ("train", "all", 0): 2_397,
        ("train", "hem", 0): 1_130,
        ("train", "all", 1): 2_418,
        ("train", "hem", 1): 1_163,
        ("train", "all", 2): 2_457,
        ("train", "hem", 2): 1_096,
        ("validation", "", -1): 1_867,
        ("test", "", -1): 2_586,
    }


@pytest.mark.skipif(not LIST.is_file(), reason="the published list is not beside this checkout")
def test_packaged_list_equals_the_one_it_was_made_from(digest_of_name):
    with gzip.open(LIST, "rt", newline="") as file:
        digests = {row["path"]: row["sha256"] for row in csv.DictReader(file)}
    split_of_folder = {"training": "train", "validation": "validation", "testing": "test"}
    expected = {
        f"{split_of_folder[path.split('/')[1].split('_')[0]]}/{path.split('/')[-1]}": digest
        for path, digest in digests.items()
        if path.endswith(".bmp")
    }
    assert len(expected) == 15_114
    assert digest_of_name == expected


def test_read_inverts_write_and_passes_over_tables(tmp_path):
    pack_published(ROWS, tmp_path / "list.bin")
    assert read_published(tmp_path / "list.bin") == {
        "train/UID_2_10_1_all.bmp": ROWS[0]["sha256"],
        "train/UID_2_9_1_all.bmp": ROWS[1]["sha256"],
        "validation/1.bmp": ROWS[2]["sha256"],
    }


def test_order_of_the_rows_does_not_change_the_bytes(tmp_path):
    for name, rows in {"a": ROWS, "b": ROWS[::-1]}.items():
        pack_published(rows, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("num_bytes", [0, 3, 60, -1])
def test_damaged_list_is_refused(tmp_path, num_bytes):
    pack_published(ROWS, tmp_path / "list.bin")
    data = (tmp_path / "list.bin").read_bytes()
    (tmp_path / "list.bin").write_bytes(data[:num_bytes])
    with pytest.raises(ValueError, match="list.bin is damaged.*Install the package again"):
        read_published(tmp_path / "list.bin")


def test_module_needs_the_standard_library_only():
    code = "import sys, tfrecords.sources.published; sys.exit('numpy' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_whole_copy_is_exact(digest_of_name):
    found = compare_with_published(digest_of_name)
    assert found.exact == tuple(sorted(digest_of_name))
    assert (found.changed, found.missing, found.unknown) == ((), (), ())
    assert describe_comparison(found) == (
        "Byte for byte as published: all 15,114 images.\n"
        "Of the published names: train all 10,661; validation all 1,867; test all 2,586."
    )


def test_every_kind_of_difference_is_told_apart(digest_of_name):
    copy = {name: digest for name, digest in digest_of_name.items() if name.startswith("train/")}
    lost = copy.pop("train/UID_h3_10_1_hem.bmp")
    copy |= {"train/UID_h3_1_1_hem.bmp": "0" * 64, "train/new.bmp": lost}
    found = compare_with_published(copy)
    assert found.changed == ("train/UID_h3_1_1_hem.bmp",)
    assert found.unknown == ("train/new.bmp",)
    assert len(found.exact) == 10_661 - 2
    assert len(found.missing) == 1 + 1_867 + 2_586
    assert describe_comparison(found).splitlines() == [
        "Byte for byte as published: 10,659 of 15,114 images.",
        "Of the published names: train 10,660 of 10,661; validation none of 1,867; "
        "test none of 2,586.",
        "Published under this name with other bytes: train/UID_h3_1_1_hem.bmp.",
        "Never published under this name: train/new.bmp.",
    ]


def test_case_of_a_name_is_passed_over(digest_of_name):
    small, capital = "train/UID_h3_1_1_hem.bmp", "train/UID_H3_1_1_hem.bmp"
    found = compare_with_published(
        {capital: digest_of_name[small], "validation/1.BMP": digest_of_name["validation/1.bmp"]}
    )
    assert found.exact == (small, "validation/1.bmp")
    assert not found.unknown


def test_published_spelling_counts_where_a_copy_holds_two(digest_of_name):
    small, capital = "train/UID_h3_1_1_hem.bmp", "train/UID_H3_1_1_hem.bmp"
    found = compare_with_published({capital: "0" * 64, small: digest_of_name[small]})
    assert (found.exact, found.changed, found.unknown) == ((small,), (), (capital,))


def test_empty_copy_misses_everything(digest_of_name):
    assert compare_with_published({}).missing == tuple(sorted(digest_of_name))
    assert "names: train none of 10,661" in describe_comparison(compare_with_published({}))


def test_long_lists_are_cut_in_the_summary():
    text = describe_comparison(compare_with_published({f"train/{n}.bmp": "" for n in range(1_200)}))
    assert text.endswith("train/0.bmp, train/1.bmp, train/10.bmp and 1,197 more.")


def test_table_names_every_image_once(digest_of_name, tmp_path):
    write_comparison(tmp_path / "found.csv", compare_with_published({"train/new.bmp": ""}))
    rows = read_rows(tmp_path / "found.csv")
    assert [row["name"] for row in rows] == sorted([*digest_of_name, "train/new.bmp"])
    assert Counter(row["status"] for row in rows) == {"missing": 15_114, "unknown": 1}


@pytest.mark.slow
def test_real_sample_is_exact(real_source):
    digests = {
        image.name: hashlib.sha256(image.path.read_bytes()).hexdigest()
        for image in find_images(real_source)
    }
    found = compare_with_published(digests)
    assert (len(found.exact), found.changed, found.unknown) == (2_103, (), ())
