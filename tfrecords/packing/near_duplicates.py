"""Perceptual hashes of images, and the search for pairs that look the same; pure functions.

Measured on 2,103 published cells, in bits of 256. 400 cells were copied with changes (brightness
+-5 %, a shift of one pixel, JPEG of quality 85, 0.9 of the size and back, all of these together;
any flip or turn): 99 % of the copies were at most 17 bits from the original, all at most 19. The
nearest cells of two people, among 1.9 million pairs, were 48 bits apart. The pairs of one patient
below 48 that were inspected showed one cell twice, in overlapping fields or at another focus.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from tfrecords.packing.hash_search import collect, near_pairs
from tfrecords.progress import Progress, untold

MAX_DISTANCE = 32  # Bits of 256: above every altered copy, well below the cells of two people.
HASH_BYTES = 256  # Of an image: eight hashes of 256 bits.
CROWD = 1000  # More images with one hash are listed with the first of them only.
MAX_PAIRS = (
    500_000  # Listed at most, 50 MB of text; a thousand images that look the same are fewer.
)

_ORDER = 16  # Cosines an axis. With the usual 8x8 signs, 64 bits, many centred cells are alike.
_WINDOW = 250  # Pixels around the centre: the largest cells are 254 px across (of equal area).
_FEW = 4096  # Images; up to that many it is as fast to compare every two.
_TILE = 512  # A block compares that many images with as many others, in about 4 MB.


class Suspect(NamedTuple):
    """Two images that look the same; `name_a` is the earlier one in the data set."""

    name_a: str
    name_b: str
    distance: int  # Bits of 256 that differ, for the flip or turn with the fewest.


def perceptual_hashes(pixels: np.ndarray) -> np.ndarray:
    """Hash the looks of a cell to 256 bits, for each of its eight flips and turns.

    The bits are the signs of 16x16 cosine coefficients (as in pHash; Zauner, 2010) of the grey
    cell. The cosines are centred on the cell's centre of mass, so that a shift changes nothing. The
    cell's mean is subtracted, so that the texture counts as well as the outline. A flip of the cell
    changes the sign of its odd coefficients, and a turn also exchanges the axes: one transform
    gives all eight hashes.

    Args:
        pixels: uint8 `(h, w, 3)`, one cell on black.

    Returns:
        uint64 `(8, 4)`: a row of four words for each symmetry; row 0 is the unchanged image.
    """
    gray = pixels @ np.ones(3)  # Exact, and faster than a sum over so short an axis.
    mass = max(gray.sum(), 1.0)  # Not 0, so that a black image has a hash too: all bits are 0.
    # Half of the typical brightness excludes JPEG noise around the cell, at any brightness.
    inside = gray > 0.5 * np.square(gray).sum() / mass
    mean = gray[inside].sum() / max(inside.sum(), 1)
    rows, columns = (_cosines(gray.sum(1 - axis) / mass) for axis in (0, 1))
    coefficients = rows @ np.where(inside, gray - mean, 0.0) @ columns.T  # (16, 16)
    odd = (-1.0) ** np.arange(1, _ORDER + 1)
    signs = [
        turned * down * across > 0
        for turned in (coefficients, coefficients.T)
        for down in (1.0, odd[:, None])
        for across in (1.0, odd)
    ]
    return np.packbits(np.reshape(signs, (8, -1)), axis=1).view(np.uint64)


def _cosines(profile: np.ndarray) -> np.ndarray:
    """Compute `(16, n)` cosines around a profile's centre of mass; 0 outside the window."""
    places = np.arange(len(profile))
    away = (places - profile @ places) / _WINDOW
    waves = np.cos(np.pi * np.arange(1, _ORDER + 1)[:, None] * (away + 0.5))
    return waves * (np.abs(away) <= 0.5)


def find_suspects(
    hashes: np.ndarray,
    names: Sequence[str],
    *,
    threshold: int = MAX_DISTANCE,
    progress: Progress = untold,
) -> list[Suspect]:
    """Find every pair of images that look the same in some flip or turn.

    The search is exact, with two bounds for images that show nothing, of which each looks like all
    others. Of more than 1,000 images with one hash, all but the first are listed with the first
    only. If there are more than `MAX_PAIRS` pairs, that many of them are listed.

    Copies with equal pixels are pairs too. To find only what `find_duplicates` does not, pass only
    the first of equal copies.

    Args:
        hashes: uint64 `(n, 8, 4)`, one result of `perceptual_hashes` for each image.
        names: The names of the n images, in the same order.
        threshold: The largest distance of a pair, in bits of 256.
        progress: Wraps the blocks of comparisons as they are made.

    Returns:
        The pairs, sorted by distance, then by the order of the images.

    Raises:
        ValueError: `hashes` does not hold eight hashes of 256 bits for each name.
    """
    if hashes.dtype != np.uint64 or hashes.shape != (len(names), 8, 4):
        raise ValueError(
            f"Expected uint64 hashes of shape ({len(names)}, 8, 4), eight for each name. "
            f"Received: {hashes.dtype} of shape {hashes.shape}"
        )
    crowded = _pairs_of_crowds(hashes[:, 0])
    others = np.setdiff1d(np.arange(len(names)), crowded[:, 1])
    search = _compare_all if len(others) <= _FEW else near_pairs
    near = search(hashes[others], threshold=threshold, most=MAX_PAIRS, progress=progress)
    pairs = np.concatenate([crowded, others[near]])
    distances = _distances_of(hashes, pairs)
    nearest = np.lexsort((pairs[:, 1], pairs[:, 0], distances))[:MAX_PAIRS]
    return [
        Suspect(names[a], names[b], distance)
        for (a, b), distance in zip(
            pairs[nearest].tolist(), distances[nearest].tolist(), strict=True
        )
    ]


def _pairs_of_crowds(hashes: np.ndarray) -> np.ndarray:
    """Pair each image of a crowd of equal hashes with the first of it, int64 `(p, 2)`."""
    _, first, crowd, count = np.unique(
        hashes, axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    members = np.flatnonzero(count[crowd] > CROWD)
    pairs = np.stack([first[crowd[members]], members], axis=1)
    return pairs[pairs[:, 0] < pairs[:, 1]]


def _compare_all(
    hashes: np.ndarray, *, threshold: int, most: int, progress: Progress
) -> np.ndarray:
    """Find the pairs as `near_pairs` does, by comparing every two images."""
    starts = range(0, len(hashes), _TILE)
    blocks = [(a, b) for a in starts for b in starts if a <= b]

    def search() -> Iterator[np.ndarray]:
        for start_a, start_b in progress(blocks, "comparing", len(blocks), unit="block"):
            distances = _distances(hashes[start_a:][:_TILE, 0], hashes[start_b:][:_TILE])
            near_a, near_b = np.nonzero(distances <= threshold)
            ones, others = near_a + start_a, near_b + start_b
            yield (ones * len(hashes) + others)[ones < others]

    return np.stack(np.divmod(collect(search(), most=most), len(hashes)), axis=1)


def _distances_of(hashes: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Count the bits, `(p,)`, between the first hash of a and the nearest of b, for each pair."""
    ones, others = hashes[pairs[:, 0], 0], hashes[pairs[:, 1]]
    nearest = np.full(len(pairs), 256, np.uint16)
    for symmetry in range(8):
        bits = np.bitwise_count(ones ^ others[:, symmetry]).sum(axis=1, dtype=np.uint16)
        np.minimum(nearest, bits, out=nearest)
    return nearest


def _distances(ones: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Count the bits, `(p, q)`, between `(p, 4)` hashes and the nearest of each `(q, 8, 4)`."""
    nearest = np.full((len(ones), len(others)), 256, np.uint16)
    for symmetry in range(8):
        # Word by word: a three-dimensional array would be slower and four times as large.
        bits = np.zeros_like(nearest)
        for word in range(4):
            bits += np.bitwise_count(ones[:, word, None] ^ others[None, :, symmetry, word])
        np.minimum(nearest, bits, out=nearest)
    return nearest
