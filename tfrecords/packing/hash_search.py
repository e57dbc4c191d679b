"""Searches many hashes for pairs that differ in few bits, by tables of parts of the hashes.

Multi-index hashing (Norouzi, Punjani and Fleet, 2012, arXiv:1307.2982). Hashes that differ in at
most 32 bits differ in at most 2 bits of one of 11 parts: 3 in each of them would be 33. So each
part is looked up in a table of the same part of all hashes, once for every change of up to 2 of
its bits, and only what is found is compared whole. No pair is missed.
"""

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import NamedTuple

import numpy as np

from tfrecords.progress import Progress, untold

_BITS = 256  # Of a hash.
_CHANGED = 2  # Bits of a part that are changed for the look-ups: 277 look-ups for 23 bits.
_MOST_KEY_BITS = 23  # A table has as many entries as keys: 33 MB.
_KEYS = 1 << 19  # Look-ups made at once, to bound the memory.
_CANDIDATES = 1 << 18  # Comparisons made at once.


class _Table(NamedTuple):
    """The rows of all hashes by one part of their bits, the key."""

    key_of_row: np.ndarray  # int32 (8 * n,).
    rows: np.ndarray  # int32 (8 * n,): the numbers of the rows, sorted by key.
    start: np.ndarray  # int32 (keys + 1,): where the rows of a key begin among `rows`.
    filled: np.ndarray  # bool (keys,): whether a key has rows; smaller than `start`, so faster.


def near_pairs(
    hashes: np.ndarray, *, threshold: int, most: int, progress: Progress = untold
) -> np.ndarray:
    """Find the pairs a < b for which the first hash of a is near one of the eight hashes of b.

    Memory grows with the number of images and does not depend on how many are alike. Time grows
    with the number of images and with the number of pairs that agree in a part.

    Args:
        hashes: uint64 `(n, 8, 4)`, eight hashes of four words for each image.
        threshold: The largest number of bits in which a pair differs.
        most: The search ends once it has found more pairs than that.
        progress: Wraps the blocks of look-ups as they are made.

    Returns:
        int64 `(p, 2)`: the numbers of both images, sorted. If p is larger than `most`, there may be
        more pairs.
    """
    num_images = len(hashes)
    num_parts = -(-(threshold + 1) // (_CHANGED + 1))
    # Four keys for each row leave most of a table empty, so that few rows share a key by chance.
    num_bits = min(_BITS // num_parts, (8 * num_images).bit_length() + 2, _MOST_KEY_BITS)
    # Neighbouring cosines are correlated, so a part takes bits that are far from each other.
    parts = [np.arange(first, _BITS, num_parts)[:num_bits] for first in range(num_parts)]
    changes = _changes(num_bits)
    starts = range(0, num_images, max(1, _KEYS // len(changes)))
    blocks = [(part, start) for part in range(num_parts) for start in starts]

    def search() -> Iterator[np.ndarray]:
        for part, start in progress(blocks, "comparing", len(blocks), unit="block"):
            if start == 0:
                table = _make_table(hashes, parts[part])
                order = np.argsort(table.key_of_row[::8], kind="stable")
            yield from _search_block(
                hashes, table, order[start:][: starts.step], changes, threshold
            )

    codes = collect(search(), most=most)
    return np.stack(np.divmod(codes, num_images), axis=1)


def collect(pieces: Iterable[np.ndarray], *, most: int) -> np.ndarray:
    """Join sorted sets of numbers, until they hold more than `most` different ones."""
    found, pending = np.empty(0, np.int64), [np.empty(0, np.int64)]
    for piece in pieces:
        pending.append(piece)
        if sum(map(len, pending)) > most:
            found, pending = np.unique(np.concatenate([found, *pending])), []
            if len(found) > most:
                return found
    return np.unique(np.concatenate([found, *pending]))


def _changes(num_bits: int) -> np.ndarray:
    """Make every pattern of at most two bits, int32: a key and a pattern give another key."""
    bits = [1 << bit for bit in range(num_bits)]
    return np.array(
        [sum(some) for count in range(_CHANGED + 1) for some in combinations(bits, count)], np.int32
    )


def _make_table(hashes: np.ndarray, part: np.ndarray) -> _Table:
    rows = hashes.reshape(-1, 4)
    weights = 1 << np.arange(len(part), dtype=np.int32)
    keys = np.empty(len(rows), np.int32)
    for start in range(0, len(rows), _CANDIDATES // 8):  # The bits take eight times the memory.
        some = rows[start:][: _CANDIDATES // 8]
        bits = np.unpackbits(np.ascontiguousarray(some).view(np.uint8), axis=1)
        keys[start:][: len(some)] = bits[:, part] @ weights
    counts = np.bincount(keys, minlength=1 << len(part))
    start_of_key = np.zeros(len(counts) + 1, np.int32)
    np.cumsum(counts, out=start_of_key[1:])
    return _Table(keys, np.argsort(keys, kind="stable").astype(np.int32), start_of_key, counts > 0)


def _search_block(
    hashes: np.ndarray, table: _Table, images: np.ndarray, changes: np.ndarray, threshold: int
) -> Iterator[np.ndarray]:
    """Yield the near pairs of some images with later ones, as sets of `a * n + b`."""
    num_images = len(hashes)
    words = hashes.reshape(-1, 4)
    for ones, rows in _candidates(table, images, changes):
        others = rows >> 3
        later = np.flatnonzero(others > ones)
        ones, others = ones[later], others[later]
        different = hashes[:, 0].take(ones, axis=0) ^ words.take(rows[later], axis=0)
        near = np.bitwise_count(different).sum(axis=1, dtype=np.uint16) <= threshold
        if near.any():
            yield np.unique(ones[near] * num_images + others[near])


def _candidates(
    table: _Table, images: np.ndarray, changes: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield images, int64, and for each the number of a row with nearly the same key."""
    keys = (table.key_of_row[::8][images, None] ^ changes).ravel()
    hits = np.flatnonzero(table.filled.take(keys))
    keys, images = keys[hits], images[hits // len(changes)]
    first = table.start[keys]
    counts = table.start[keys + 1] - first
    ends = np.cumsum(counts, dtype=np.int64)
    cuts = np.searchsorted(ends, np.arange(_CANDIDATES, ends[-1], _CANDIDATES)) if len(ends) else ()
    for begin, end in zip([0, *cuts], [*cuts, len(hits)], strict=True):
        some = slice(begin, end)
        before = np.repeat(np.cumsum(counts[some]) - counts[some] - first[some], counts[some])
        places = np.arange(len(before)) - before
        yield np.repeat(images[some], counts[some]), table.rows[places]
