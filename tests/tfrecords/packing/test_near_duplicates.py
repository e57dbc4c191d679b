"""Altered copies of a cell are found in any flip or turn, other cells are not."""

import io
import re
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from tfrecords.packing import near_duplicates
from tfrecords.packing.near_duplicates import MAX_DISTANCE, find_suspects, perceptual_hashes
from tfrecords.synthetic.cells import draw_cell


def scaled(factor: float):
    return lambda image: np.clip(np.rint(image * factor), 0, 255).astype(np.uint8)


def jpeg(image: np.ndarray) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=85)
    return np.asarray(Image.open(buffer))


def resized(image: np.ndarray) -> np.ndarray:
    small = Image.fromarray(image).resize((405, 405), Image.Resampling.BICUBIC)
    return np.asarray(small.resize((450, 450), Image.Resampling.BICUBIC))


def shifted(image: np.ndarray) -> np.ndarray:
    return np.roll(image, (1, -1), (0, 1))


ALTERATIONS = {
    "none": lambda image: image,
    "brighter": scaled(1.05),
    "darker": scaled(0.95),
    "shifted": shifted,
    "jpeg": jpeg,
    "resized": resized,
    "all": lambda image: jpeg(resized(shifted(scaled(1.05)(image)))),
}


def symmetries(image: np.ndarray) -> list[np.ndarray]:
    """The eight flips and turns, made of the pixels."""
    turns = [np.rot90(image, quarter) for quarter in range(4)]
    return [*turns, *(turn[:, ::-1] for turn in turns)]


def slow_distance(ones: np.ndarray, others: np.ndarray) -> int:
    """Bit by bit over the eight symmetries of the other."""
    bits = np.unpackbits(ones[0].view(np.uint8))
    return min(int((bits != np.unpackbits(row.view(np.uint8))).sum()) for row in others)


def random_hashes(num_images: int) -> np.ndarray:
    words = np.random.default_rng(0).integers(0, 2**64, (num_images, 8, 4), dtype=np.uint64)
    return np.ascontiguousarray(words)


@pytest.fixture(scope="module")
def cells() -> list[np.ndarray]:
    rng = np.random.default_rng(7)
    return [draw_cell(rng, label=number % 2) for number in range(16)]


@pytest.mark.parametrize("alteration", ALTERATIONS)
def test_altered_copy_is_found_in_every_flip_and_turn(cells, alteration):
    for cell in cells[:4]:
        hashes = perceptual_hashes(cell)
        for turned in symmetries(cell):
            altered = perceptual_hashes(ALTERATIONS[alteration](turned))
            assert slow_distance(hashes, altered) <= (MAX_DISTANCE if alteration != "none" else 0)


def test_different_cells_are_told_apart(cells):
    hashes = np.array([perceptual_hashes(cell) for cell in cells])
    names = [str(number) for number in range(len(cells))]
    nearest = find_suspects(hashes, names, threshold=256)[0]
    assert nearest.distance > MAX_DISTANCE + 8
    assert find_suspects(hashes, names) == []


def test_eight_hashes_are_those_of_the_eight_flips_and_turns(cells):
    rows = {row.tobytes() for row in perceptual_hashes(cells[0])}
    assert len(rows) == 8
    assert rows == {perceptual_hashes(turned)[0].tobytes() for turned in symmetries(cells[0])}


def test_suspects_are_named_in_order(cells):
    copies = [cells[0], cells[1], jpeg(cells[1][::-1]), cells[2], cells[0].swapaxes(0, 1)]
    hashes = np.array([perceptual_hashes(image) for image in copies])
    suspects = find_suspects(hashes, list("abcde"))
    assert [(s.name_a, s.name_b) for s in suspects] == [("a", "e"), ("b", "c")]
    assert suspects[0].distance == 0


@pytest.mark.parametrize("tile", [1, 7, 40])
def test_blockwise_search_equals_a_slow_loop(monkeypatch, tile):
    monkeypatch.setattr(near_duplicates, "_TILE", tile)
    hashes = random_hashes(40)
    expected = [(slow_distance(hashes[a], hashes[b]), a, b) for b in range(40) for a in range(b)]
    found = find_suspects(hashes, list(range(40)), threshold=112)
    assert [(s.distance, s.name_a, s.name_b) for s in found] == sorted(
        row for row in expected if row[0] <= 112
    )
    assert 0 < len(found) < len(expected)


def test_memory_does_not_grow_with_the_number_of_images():
    peaks = []
    for num_images in (1024, 4096):
        hashes, names = random_hashes(num_images), [""] * num_images
        tracemalloc.start()
        find_suspects(hashes, names)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0] < 10_000_000


def test_progress_wraps_every_block(monkeypatch):
    monkeypatch.setattr(near_duplicates, "_TILE", 10)
    seen = []

    def progress(items, description, total, *, unit):
        for item in items:
            seen.append((description, total, unit))
            yield item

    find_suspects(random_hashes(25), [""] * 25, progress=progress)
    assert seen == [("comparing", 6, "block")] * 6


def test_no_images_make_no_suspects():
    assert find_suspects(random_hashes(0), []) == []


def test_black_image_has_a_hash():
    assert not perceptual_hashes(np.zeros((450, 450, 3), np.uint8)).any()


@pytest.mark.parametrize("hashes", [random_hashes(2), random_hashes(3).view(np.int64)])
def test_hashes_of_another_shape_are_refused(hashes):
    with pytest.raises(ValueError, match=re.escape("Expected uint64 hashes of shape (3, 8, 4)")):
        find_suspects(hashes, ["a", "b", "c"])
