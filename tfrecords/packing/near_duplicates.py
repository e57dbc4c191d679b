"""Images that look the same though their pixels differ: perceptual hashes and their search; pure.

Measured on 2,103 published cells, in bits of 256. Copies of 400 (brightness +-5 %, a shift of one
pixel, JPEG of quality 85, 0.9 of the size and back, all of it together; any flip or turn): 99 %
within 17, all within 19. Nearest cells of two people, among 1.9 million pairs: 48. Pairs of one
patient below that, where looked at, were one cell twice: in overlapping fields, in other focus.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tfrecords.progress import Progress, untold

MAX_DISTANCE = 32  # Bits of 256: above every altered copy, and well below any two people's cells.

_ORDER = 16  # Cosines an axis; 8x8 signs, the usual 64 bits, are alike in many centred cells.
_WINDOW = 250  # Pixels around the centre: the largest cells are 254 px across (of equal area).
_TILE = 512  # Images a side of one block of comparisons: about 4 MB.


class Suspect(NamedTuple):
    """Two images that look the same, the one earlier in the data set first."""

    name_a: str
    name_b: str
    distance: int  # Bits of 256 that differ, at the flip or turn where fewest do.


def perceptual_hashes(pixels: np.ndarray) -> np.ndarray:
    """What a cell looks like, in 256 bits, for each of its eight flips and turns.

    The bits are the signs of 16x16 cosine coefficients (as in pHash; Zauner, 2010) of the grey
    cell, which is taken around its centre of mass, so that a shift changes nothing, and less its
    mean, so that the texture counts as well as the outline. To flip the cell changes the sign of
    its odd coefficients, to turn it exchanges the axes too: one transform gives all eight.

    Args:
        pixels: uint8 `(h, w, 3)`, one cell on black.

    Returns:
        uint64 `(8, 4)`: a row of four words for each symmetry, the image as it is first.
    """
    gray = pixels @ np.ones(3)  # Exact, and faster than a sum over so short an axis.
    mass = max(gray.sum(), 1.0)  # A black image is not refused: its bits are all 0.
    # Half of the typical brightness: noise of JPEG around the cell is out, and scaling is harmless.
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
    """Cosines 1 to 16 around the centre of mass of a profile, 0 outside the window: `(16, n)`."""
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
    """Every pair of images that look the same in some flip or turn.

    Memory does not grow with the number of images but for the hashes, 256 bytes each, and the
    pairs. Copies with the very same pixels are pairs like any other: leave out all but the first
    of each to find only what `find_duplicates` does not.

    Args:
        hashes: uint64 `(n, 8, 4)`, as `perceptual_hashes` gives them.
        names: Of the n images, in the same order.
        threshold: The largest distance of a pair, in bits of 256.
        progress: Wraps the blocks of comparisons as they are done.

    Returns:
        Sorted by distance, then in the order of the images.

    Raises:
        ValueError: The hashes are not eight of 256 bits for each name.
    """
    if hashes.dtype != np.uint64 or hashes.shape != (len(names), 8, 4):
        raise ValueError(
            f"Expected uint64 hashes of shape ({len(names)}, 8, 4), eight for each name. "
            f"Received: {hashes.dtype} of shape {hashes.shape}"
        )
    starts = range(0, len(names), _TILE)
    blocks = [(a, b) for a in starts for b in starts if a <= b]
    pairs = []
    for start_a, start_b in progress(blocks, "comparing", len(blocks), unit="block"):
        distances = _distances(hashes[start_a:][:_TILE, 0], hashes[start_b:][:_TILE])
        near_a, near_b = np.nonzero(distances <= threshold)
        for distance, a, b in zip(
            distances[near_a, near_b].tolist(),
            (near_a + start_a).tolist(),
            (near_b + start_b).tolist(),
            strict=True,
        ):
            if a < b:
                pairs.append((distance, a, b))
    return [Suspect(names[a], names[b], distance) for distance, a, b in sorted(pairs)]


def _distances(ones: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Bits by which `(p, 4)` hashes differ from the nearest of eight, `(q, 8, 4)`: `(p, q)`."""
    nearest = np.full((len(ones), len(others)), 256, np.uint16)
    for symmetry in range(8):
        # Word by word: a three-dimensional array would be slower and four times as large.
        bits = np.zeros_like(nearest)
        for word in range(4):
            bits += np.bitwise_count(ones[:, word, None] ^ others[None, :, symmetry, word])
        np.minimum(nearest, bits, out=nearest)
    return nearest
