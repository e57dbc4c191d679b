"""Copies of a file with one to three bytes changed; a seed fixes which."""

from collections.abc import Iterator

import numpy as np


def damaged_copies(whole: bytes, *, number: int, seed: int = 0) -> Iterator[bytes]:
    """Copies of a file, each with one to three bytes changed."""
    rng = np.random.default_rng(seed)
    for _ in range(number):
        damaged = bytearray(whole)
        for place in rng.integers(0, len(whole), rng.integers(1, 4)):
            damaged[place] = rng.integers(256)
        yield bytes(damaged)
