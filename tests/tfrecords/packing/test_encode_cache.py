"""Encoding in chunks that survive a kill."""

import hashlib
import json
import os

import numpy as np
import pytest
from PIL import Image

from tests.conftest import noise
from tfrecords.codec.png import encode_png
from tfrecords.packing.encode_cache import encode_all
from tfrecords.packing.near_duplicates import perceptual_hashes
from tfrecords.sources.cnmc import find_images


@pytest.fixture
def images(draw_source):
    files = {f"fold_0/all/UID_1_1_{n:03d}_all.bmp": n for n in range(35)}
    return find_images(draw_source(files))


def encode(images, spool):
    return list(encode_all(images, spool, num_workers=1))


def test_png_lies_where_its_place_says(images, tmp_path):
    places = encode(images, tmp_path / "spool")
    assert [place.read() for place in places] == [
        encode_png(Image.fromarray(noise(n))) for n in range(35)
    ]


def test_finished_chunks_are_not_done_again(images, tmp_path):
    first = encode(images, tmp_path / "spool")
    pngs = sorted((tmp_path / "spool").glob("*.png"))
    times = [path.stat().st_mtime_ns for path in pngs]
    pngs[1].with_suffix(".json").unlink()  # As a kill before the end of this chunk leaves it.
    assert encode(images, tmp_path / "spool") == first
    again = [path.stat().st_mtime_ns != old for path, old in zip(pngs, times, strict=True)]
    assert again == [False, True, False]


def test_chunk_of_a_changed_file_is_done_again_and_its_old_one_removed(images, tmp_path):
    encode(images, tmp_path / "spool")
    before = {path.name for path in (tmp_path / "spool").iterdir()}
    path = images[20].path
    path.write_bytes(path.read_bytes()[:-4] + b"\x01\x02\x03\x04")
    os.utime(path, ns=(1, 1))
    encode(images, tmp_path / "spool")
    after = {path.name for path in (tmp_path / "spool").iterdir()}
    assert len(before) == len(after) == 6 and len(before & after) == 4


def rewrite(path, data):
    path.write_bytes(data)


def replace_by_another(path, data):
    path.with_name("other").write_bytes(data)
    path.with_name("other").replace(path)


@pytest.mark.parametrize("put", [rewrite, replace_by_another])
def test_file_of_the_same_length_and_time_is_read_again(put, images, tmp_path):
    encode(images, tmp_path / "spool")
    path, entry = images[20].path, images[20].path.stat()
    put(path, images[3].path.read_bytes())
    os.utime(path, ns=(entry.st_atime_ns, entry.st_mtime_ns))
    place = encode(images, tmp_path / "spool")[20]
    assert place.encoded.file_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert place.read() == encode_png(Image.fromarray(noise(3)))


@pytest.mark.parametrize("suffix", [".png", ".json"])
@pytest.mark.parametrize("data", [b"", b"[]", b"damaged"])
def test_damaged_chunk_is_done_again(suffix, data, images, tmp_path):
    first = encode(images, tmp_path / "spool")
    pngs = [place.read() for place in first]
    next((tmp_path / "spool").glob(f"*{suffix}")).write_bytes(data)
    assert [place.read() for place in encode(images, tmp_path / "spool")] == pngs


def test_hashes_are_those_of_the_pixels(images, tmp_path):
    for number, place in enumerate(encode(images, tmp_path / "spool")[:3]):
        np.testing.assert_array_equal(place.hashes, perceptual_hashes(noise(number)))


@pytest.mark.parametrize("hashed", [True, False])
def test_chunk_without_hashes_is_done_again_only_if_they_are_wanted(hashed, images, tmp_path):
    spool = tmp_path / "spool"
    assert not any(p.encoded.looks for p in encode_all(images, spool, num_workers=1, hashed=False))
    before = {path: path.stat().st_mtime_ns for path in spool.iterdir()}
    places = list(encode_all(images, spool, num_workers=1, hashed=hashed))
    after = {path: path.stat().st_mtime_ns for path in spool.iterdir()}
    assert (before != after) == hashed == all(place.encoded.looks for place in places)


@pytest.mark.parametrize("looks", ["", "00", "not hexadecimal", None, 5, "ff" * 256])
def test_chunk_with_damaged_hashes_is_done_again(looks, images, tmp_path):
    first = encode(images, tmp_path / "spool")
    done = next((tmp_path / "spool").glob("*.json"))
    content = json.loads(done.read_text())
    content["images"][0][-1] = looks
    done.write_text(json.dumps(content))
    assert encode(images, tmp_path / "spool") == first
