"""The search by parts finds what comparing every two finds; its time and its list are bounded."""

import time
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from tfrecords.packing import hash_search, near_duplicates
from tfrecords.packing.hash_search import near_pairs
from tfrecords.packing.near_duplicates import MAX_PAIRS, find_suspects, perceptual_hashes
from tfrecords.sources.cnmc import find_images
from tfrecords.synthetic.cells import draw_cell


def uniform(num_images: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 2**64, (num_images, 8, 4), dtype=np.uint64)


def flipped(hashes: np.ndarray, bits) -> np.ndarray:
    """The same hashes with some of the 256 bits changed, in all eight rows."""
    change = np.zeros(256, np.uint8)
    change[bits] = 1
    return hashes ^ np.packbits(change).view(np.uint64)


def around(originals: np.ndarray, num_images: int, *, most_bits: int) -> np.ndarray:
    """Copies in any order of rows, with 0 to `most_bits` changed bits."""
    rng = np.random.default_rng(1)
    copies = originals[rng.integers(len(originals), size=num_images)]
    for copy in copies:
        copy[:] = flipped(copy, rng.choice(256, rng.integers(most_bits + 1), replace=False))
        copy[:] = copy[rng.permutation(8)]
    return copies


def of_cells(pixels: list[np.ndarray], num_images: int) -> np.ndarray:
    return around(np.array(list(map(perceptual_hashes, pixels))), num_images, most_bits=120)


def drawn() -> np.ndarray:
    rng = np.random.default_rng(7)
    return of_cells([draw_cell(rng, label=number % 2) for number in range(30)], 1500)


CASES = {
    "uniform with copies": lambda: np.concatenate(
        [uniform(1000), around(uniform(1000), 600, most_bits=40)]
    ),
    "drawn cells": drawn,
    "one cell, about the threshold": lambda: around(uniform(1), 400, most_bits=32),
    "equal": lambda: np.zeros((200, 8, 4), np.uint64),
    "half of the bits the same": lambda: uniform(1500) | np.uint64(0xFFFF0000FFFF0000),
}


def check_equal_to_comparing_all(hashes: np.ndarray, monkeypatch) -> int:
    names = [str(number) for number in range(len(hashes))]
    expected = find_suspects(hashes, names)
    monkeypatch.setattr(near_duplicates, "_FEW", 0)
    assert find_suspects(hashes, names) == expected
    return len(expected)


@pytest.mark.parametrize("case", CASES)
def test_every_pair_is_found(case, monkeypatch):
    hashes = CASES[case]()
    assert len(hashes) <= near_duplicates._FEW
    num_pairs = check_equal_to_comparing_all(hashes, monkeypatch)
    assert (num_pairs > 100) == (case != "half of the bits the same")


@pytest.mark.slow
def test_every_pair_of_real_cells_is_found(real_source, monkeypatch):
    images = find_images(real_source)[::7]
    pixels = [np.asarray(Image.open(image.path)) for image in images]
    assert check_equal_to_comparing_all(of_cells(pixels, 2000), monkeypatch) > 100


@pytest.mark.parametrize("threshold", [1, 2, 32, 33, 64])
def test_pair_is_found_up_to_the_threshold_however_its_bits_lie(threshold):
    rng = np.random.default_rng(threshold)
    hashes = uniform(40)
    for number in range(40):  # As even over the parts as possible, or at random places.
        order = np.arange(256) if number % 2 else rng.permutation(256)
        near, far = (flipped(hashes[number], order[:bits]) for bits in (threshold, threshold + 1))
        pairs = near_pairs(np.stack([hashes[number], near, far]), threshold=threshold, most=9)
        assert pairs.tolist() == [[0, 1], [1, 2]]


def test_candidates_grow_far_slower_than_the_pairs(monkeypatch):
    counts = []
    search = hash_search._candidates

    def count(*args):
        for ones, rows in search(*args):
            counts[-1] += len(rows)
            yield ones, rows

    monkeypatch.setattr(hash_search, "_candidates", count)
    for num_images in (5_000, 20_000):
        counts.append(0)
        near_pairs(uniform(num_images), threshold=32, most=MAX_PAIRS)
    assert counts[1] < 6 * counts[0]  # All pairs would be 16 times as many.
    assert counts[1] < 0.01 * 8 * 20_000**2


def test_memory_grows_no_faster_than_the_images():
    peaks = []
    for num_images in (8_000, 16_000):
        hashes, names = uniform(num_images), [""] * num_images
        tracemalloc.start()
        find_suspects(hashes, names)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 2.1 * peaks[0] < 150_000_000


def test_crowd_of_equal_hashes_is_listed_with_its_first_image():
    hashes = np.zeros((50_002, 8, 4), np.uint64)
    hashes[0] = flipped(hashes[0], np.arange(128))
    hashes[-1] = flipped(hashes[-1], [5])
    began = time.process_time()
    suspects = find_suspects(hashes, range(len(hashes)))
    assert time.process_time() - began < 10
    assert {pair.name_a for pair in suspects} == {1}
    assert [pair.name_b for pair in suspects] == [*range(2, 50_002)]
    assert [pair.distance for pair in suspects[-2:]] == [0, 1]


@pytest.mark.parametrize("few", [0, 4096])
def test_list_of_images_that_all_look_the_same_is_bounded(few, monkeypatch):
    monkeypatch.setattr(near_duplicates, "_FEW", few)
    monkeypatch.setattr(near_duplicates, "MAX_PAIRS", 10_000)
    suspects = find_suspects(around(uniform(1), 2000, most_bits=16), range(2000))
    assert len(suspects) == len(set(suspects)) == 10_000


def test_progress_wraps_every_block_of_look_ups(monkeypatch):
    monkeypatch.setattr(near_duplicates, "_FEW", 0)
    seen = []

    def progress(items, description, total, *, unit):
        for item in items:
            seen.append((description, total, unit))
            yield item

    find_suspects(uniform(5000), range(5000), progress=progress)
    assert set(seen) == {("comparing", len(seen), "block")} and len(seen) >= 11


def test_no_images_make_no_pairs():
    assert near_pairs(uniform(0), threshold=32, most=9).shape == (0, 2)


@pytest.mark.slow
def test_sixty_thousand_hashes_are_searched():
    """Comparing every two would take two minutes; docs/performance.md has the time of 200,000."""
    hashes = np.concatenate([uniform(59_000), around(uniform(1), 1_000, most_bits=16)])
    suspects = find_suspects(hashes, range(len(hashes)))
    assert len(suspects) > 400_000
