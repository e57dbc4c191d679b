"""Reads the Huffman codes of a JPEG scan without making pixels, to check that none is left over.

Libjpeg replaces what is damaged by grey, and Pillow does not pass on its warnings. The format is
that of ITU-T T.81 (1992), annexes F (sequential) and G (progressive).
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product
from typing import NamedTuple

import numpy as np

from tfrecords.codec.png_check import damaged

_LENGTH_BITS = 5  # A table's entry is a number of steps, shifted by this, and a number of bits.
_LENGTH_MASK = (1 << _LENGTH_BITS) - 1
_INVALID = -1
_END_OF_BLOCK, _NO_STEP = (
    128,
    1000,
)  # Steps: more than coefficients, so that they can be told apart.
_LARGEST_DC, _LARGEST_AC = 11, 10  # Bits of a coefficient, for 8 bits a sample (tables F.1, F.2).
NUM_COEFFICIENTS = 64
_HOLE_BYTES = 16  # The zeros would be about forty equal coefficients.


@dataclass
class Component:
    """A colour of a frame: its sampling, its blocks, and what the scans so far said about them."""

    across: int  # Blocks in an MCU.
    down: int
    width: int  # Blocks that hold pixels.
    height: int
    stride: int  # Blocks in a row, with those that fill the last MCU.
    most_dc: int  # The largest mean of a block that 8 bits a sample give, as it is coded.
    known: list[int] = field(
        default_factory=list
    )  # For each block, the coefficients that are not 0.
    # For each coefficient the lowest bit that was sent; -1 before the first scan.
    lowest: list[int] = field(default_factory=lambda: [-1] * NUM_COEFFICIENTS)


class Scan(NamedTuple):
    """The header of a scan (T.81, B.2.3), with its tables."""

    components: Sequence[Component]
    tables: Sequence[tuple[bytes, bytes]]  # For each component, of DC and of AC; see `codes`.
    first: int  # Coefficients, in zigzag order.
    last: int
    high: int  # The lowest bit that earlier scans sent; 0 if none did.
    low: int  # The lowest bit that this scan sends.

    def blocks(self, mcu: int, mcus_across: int) -> list[tuple[int, int]]:
        """List the blocks of an MCU: index of the component and of the block."""
        if len(self.components) == 1:
            (one,) = self.components
            row, column = divmod(mcu, one.width)
            return [(0, row * one.stride + column)]
        row, column = divmod(mcu, mcus_across)
        return [
            (n, (row * one.down + y) * one.stride + column * one.across + x)
            for n, one in enumerate(self.components)
            for y, x in product(range(one.down), range(one.across))
        ]


@lru_cache(64)
def codes(table: bytes) -> array:
    """Return for each 16 bits the symbol of the code that they begin with.

    Args:
        table: As the marker DHT holds it: 16 numbers of codes by length, and the symbols.

    Returns:
        65,536 numbers: the symbol, shifted by 5 bits, and the length of its code; or -1.
    """
    entries = np.full(1 << 16, _INVALID, np.int32)
    start, symbols = 0, iter(table[16:])
    for length, count in enumerate(table[:16], 1):
        for _ in range(count):
            stop = start + (1 << (16 - length))
            if stop > 1 << 16:
                raise damaged("a JPEG with a table of codes that overlap")
            entries[start:stop] = next(symbols) << _LENGTH_BITS | length
            start = stop
    return array("i", entries.tobytes())


@lru_cache(64)
def _dc_sizes(table: bytes) -> array:
    """Return for each 16 bits the size of the first coefficient, and the bits of its code.

    Returns:
        65,536 numbers: the size in bits, shifted by 5 bits, and the length of the code; or -1.
    """
    entries = np.frombuffer(codes(table), np.int32)
    return array("i", np.where(entries >> _LENGTH_BITS > _LARGEST_DC, -1, entries).tobytes())


@lru_cache(64)
def _ac_steps(table: bytes) -> array:
    """Return for each 16 bits how far the code that they begin with leads, in a sequential scan.

    Returns:
        65,536 numbers: the number of coefficients, shifted by 5 bits, and the bits of the code and
        of the coefficient's value. Where no valid code begins, more coefficients than there are.
    """
    entries = np.frombuffer(codes(table), np.int32)
    symbols, lengths = entries >> _LENGTH_BITS, entries & _LENGTH_MASK
    runs, sizes = symbols >> 4, symbols & 15
    invalid = (entries == _INVALID) | (sizes > _LARGEST_AC)
    invalid |= (sizes == 0) & (runs > 0) & (runs < 15)
    runs = np.where(symbols == 0, _END_OF_BLOCK, runs)
    steps = (runs + 1) << _LENGTH_BITS | lengths + sizes
    steps[invalid] = _NO_STEP << _LENGTH_BITS
    return array("i", steps.astype(np.int32).tobytes())


def read_segment(scan: Scan, segment: bytes, mcus: range, mcus_across: int, *, progressive: bool):
    """Read the codes of the MCUs between two restart markers.

    Args:
        scan: The scan; what a progressive one says is noted in its components.
        segment: The bytes between the markers, without the zeros that follow each 0xFF.
        mcus: Numbers of the MCUs that should be there.
        mcus_across: MCUs in a row of a scan of several components.
        progressive: Whether the frame is progressive.

    Raises:
        BitmapError: A code is invalid, or there are more or fewer MCUs.
    """
    bits = _Bits(segment)
    if not progressive:
        _refuse_hole(scan, segment)
    try:
        if not progressive:
            _read_sequential(scan, bits, len(mcus))
        elif scan.first == 0:
            _read_dc(scan, bits, mcus, mcus_across)
        else:
            _read_ac(scan, bits, mcus)
    except IndexError as error:
        raise damaged("a JPEG whose rows end before the image does") from error
    if not 0 <= 8 * len(segment) - bits.position < 8:
        raise damaged("a JPEG whose rows hold more or less than the image")


def _refuse_hole(scan: Scan, segment: bytes) -> None:
    """Raise BitmapError if zeros were written over a part of a sequential scan.

    As codes they mean a long row of equal coefficients, which no image has. Only where they mean
    the end of a block for every component, they may be a plain part of the image.
    """
    meanings = {codes(ac)[0] >> _LENGTH_BITS for _, ac in scan.tables}
    if meanings != {0} and bytes(_HOLE_BYTES) in segment:
        raise damaged("a JPEG with a hole of zeros")


class _Bits:
    """Bits of a segment; reading far behind its end is an IndexError."""

    def __init__(self, segment: bytes):
        padded = np.frombuffer(segment + b"\xff\xff", np.uint8).astype(np.uint32)
        # For each byte, it and the two that follow: 16 bits from any of its bits on.
        self.words = array("I", (padded[:-2] << 16 | padded[1:-1] << 8 | padded[2:]).tobytes())
        self.position = 0

    def symbol(self, entries: array) -> int:
        entry = entries[self.words[self.position >> 3] >> (8 - (self.position & 7)) & 0xFFFF]
        if entry == _INVALID:
            raise damaged("a JPEG with an invalid code")
        self.position += entry & _LENGTH_MASK
        return entry >> _LENGTH_BITS

    def take_signed(self, num_bits: int) -> int:
        """Return a coefficient of some bits; its first bit says whether it is positive."""
        value = self.take(num_bits)
        return value if value >> num_bits - 1 else value - (1 << num_bits) + 1

    def take(self, num_bits: int) -> int:
        """Return the next bits, at most 16, as a number."""
        if not num_bits:
            return 0
        window = self.words[self.position >> 3] >> (8 - (self.position & 7)) & 0xFFFF
        self.position += num_bits
        return window >> (16 - num_bits)


def _read_sequential(scan: Scan, bits: _Bits, num_mcus: int) -> None:
    words, position = bits.words, 0
    steps = [(_dc_sizes(dc), _ac_steps(ac)) for dc, ac in scan.tables]
    pattern = [(n, scan.components[n].most_dc, *steps[n]) for n, _ in scan.blocks(0, 1)]
    means = [0] * len(scan.components)
    for _ in range(num_mcus):
        for number, most, dc, ac in pattern:
            entry = dc[words[position >> 3] >> (8 - (position & 7)) & 0xFFFF]
            if entry > _LENGTH_MASK:
                bits.position = position + (entry & _LENGTH_MASK)
                means[number] += bits.take_signed(entry >> _LENGTH_BITS)
                position = bits.position
            else:
                position += entry & _LENGTH_MASK
            coefficient = 1
            while coefficient < NUM_COEFFICIENTS:
                step = ac[words[position >> 3] >> (8 - (position & 7)) & 0xFFFF]
                position += step & _LENGTH_MASK
                coefficient += step >> _LENGTH_BITS
            whole = coefficient == NUM_COEFFICIENTS or _END_OF_BLOCK < coefficient < _NO_STEP
            if not whole or entry == _INVALID or not -most <= means[number] <= most:
                raise damaged("a JPEG with an invalid code")
    bits.position = position


def _read_dc(scan: Scan, bits: _Bits, mcus: range, mcus_across: int) -> None:
    if scan.high:
        bits.position += len(scan.blocks(0, mcus_across)) * len(mcus)  # One bit a block.
        return
    tables = [codes(dc) for dc, _ in scan.tables]
    pattern = [tables[n] for n, _ in scan.blocks(0, mcus_across)]
    for _ in mcus:
        for table in pattern:
            size = bits.symbol(table)
            if size > _LARGEST_DC:
                raise damaged("a JPEG with an invalid code")
            bits.take(size)


def _read_ac(scan: Scan, bits: _Bits, mcus: range) -> None:
    (component,), ((_, ac),) = scan.components, scan.tables
    table, read = codes(ac), _refine_block if scan.high else _read_block
    run = 0  # Blocks in which nothing more follows.
    for mcu in mcus:
        ((_, block),) = scan.blocks(mcu, 1)
        known = component.known[block]
        known, run = read(scan, bits, table, known, run)
        component.known[block] = known
    if run:
        raise damaged("a JPEG whose rows hold more than the image")


def _read_block(scan: Scan, bits: _Bits, table: array, known: int, run: int) -> tuple[int, int]:
    """Read the first bits of a block's coefficients; return which are not 0, and the run left."""
    if run:
        return known, run - 1
    place = scan.first
    while place <= scan.last:
        zeros, size = divmod(bits.symbol(table), 16)
        if size:
            place += zeros
            known |= 1 << place
            bits.take(size)
        elif zeros < 15:
            return known, (1 << zeros) + bits.take(zeros) - 1
        else:
            place += 15
        place += 1
        if place > scan.last + 1 or size > _LARGEST_AC:
            raise damaged("a JPEG with an invalid code")
    return known, 0


def _refine_block(scan: Scan, bits: _Bits, table: array, known: int, run: int) -> tuple[int, int]:
    """Read one more bit of a block's coefficients; return which are not 0, and the run left."""
    place, before = scan.first, known
    while not run and place <= scan.last:
        zeros, size = divmod(bits.symbol(table), 16)
        if size > 1:
            raise damaged("a JPEG with an invalid code")
        bits.take(size)
        if not size and zeros < 15:
            run = (1 << zeros) + bits.take(zeros)
            break
        while place <= scan.last and (before >> place & 1 or zeros):
            if before >> place & 1:
                bits.take(1)
            else:
                zeros -= 1
            place += 1
        if place > scan.last:
            raise damaged("a JPEG with an invalid code")
        known |= size << place
        place += 1
    if run:
        rest = (1 << scan.last + 1) - (1 << place)
        bits.position += (before & rest).bit_count()
        run -= 1
    return known, run
