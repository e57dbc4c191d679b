"""Checks that a JPEG is whole: its markers, its scans, and every code of every block.

JPEG has no checksum: a changed bit that leaves all codes valid and as many blocks as before is not
found. Sequential and progressive Huffman coding with 8 bits a sample are known, which is all that
cameras and Pillow write.
"""

import re
import struct
from collections.abc import Iterator
from typing import NamedTuple

from tfrecords.codec.bmp import BitmapError
from tfrecords.codec.jpeg_scan import NUM_COEFFICIENTS, Component, Scan, read_segment
from tfrecords.codec.png_check import damaged

_START, _END = 0xD8, 0xD9
_SCAN, _TABLES, _QUANTIZATION, _INTERVAL = 0xDA, 0xC4, 0xDB, 0xDD
_APPLICATIONS = _JFIF, _ADOBE = 0xE0, 0xEE
_TRANSFORMS = (b"\0", b"\1", b"\2")  # Of Adobe: none, YCbCr, YCCK.
_FRAMES = {0xC0: False, 0xC1: False, 0xC2: True}  # Whether progressive.
# Lossless, hierarchical and arithmetic coding, and a number of rows after the first scan.
_UNKNOWN = (0xC3, *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0), 0xDC)
_UNCHECKED = (
    "a lossless, hierarchical or arithmetic JPEG, which cannot be checked for damage; "
    "save it as PNG"
)
_MARKER = re.compile(rb"\xff+([^\x00\xff])", re.DOTALL)
# What is searched for begins at the first 0xFF of several: to begin at each of them would take a
# time that grows with the square of their number.
_NEXT_MARKER = re.compile(rb"(?<!\xff)\xff++([^\x00\xff])", re.DOTALL)
_RESTART = re.compile(rb"(?<!\xff)\xff++([\xd0-\xd7])")
_LARGEST_MEAN = 8 * 128  # Of a block's samples, as the discrete cosine transform scales it.
_MOST_SCANS = 64  # Libjpeg's own progressive files have ten.
_MOST_COMPONENTS = 4  # Inks; the format would allow 255.


class _Frame(NamedTuple):
    components: dict[int, Component]
    mcus_across: int
    mcus_down: int
    num_pixels: int
    progressive: bool


class _Segment(NamedTuple):
    marker: int
    body: bytes
    coded: bytes  # What follows the header of a scan, up to the next marker.


def check_jpeg_kind(data: bytes) -> None:
    """Check that a JPEG has 8 bits a sample and is coded in a way that `check_jpeg` knows.

    Raises:
        BitmapError: It does not, or it is damaged before its frame.
    """
    for marker, body, _ in _segments(data):
        if marker in _UNKNOWN:
            raise BitmapError(_UNCHECKED)
        if marker in _FRAMES:
            if body[:1] not in (b"", b"\x08"):
                raise BitmapError(
                    f"a JPEG of {body[0]} bits a sample; scale it to 8 and save it as PNG"
                )
            return


def check_jpeg(data: bytes, *, most_samples: int) -> int:
    """Check a JPEG file; memory and time grow with its samples, which its first bytes claim.

    Args:
        data: The whole file.
        most_samples: The number of samples that the picture has room for. A JPEG that claims more
            is refused before memory is taken for them.

    Returns:
        The number of samples: pixels times components.

    Raises:
        BitmapError: It is damaged, too large, or coded in a way that cannot be checked.
    """
    frame, interval, num_scans = None, 0, 0
    tables: dict[int, bytes] = {}  # By class and number, as in DHT.
    steps: dict[int, int] = {}  # The first quantization step, by the number of the table.
    for marker, body, coded in _segments(data):
        if marker in _UNKNOWN:
            raise BitmapError(_UNCHECKED)
        if marker in _FRAMES:
            if frame:
                raise damaged("a JPEG with two frames")
            frame = _parse_frame(
                body, steps, progressive=_FRAMES[marker], most_samples=most_samples
            )
        elif marker == _TABLES:
            tables |= _parse_tables(body)
        elif marker == _QUANTIZATION:
            steps |= _parse_steps(body)
        elif marker == _INTERVAL:
            interval = int.from_bytes(body[:2])
        elif marker in _APPLICATIONS:
            _check_application(marker, body)
        elif marker == _SCAN:
            num_scans += 1
            if frame is None or num_scans > _MOST_SCANS:
                raise damaged(f"a JPEG scan without a frame, or more than {_MOST_SCANS} of them")
            scan = _parse_scan(body, frame, tables)
            _note(scan, frame)
            _read(scan, frame, coded, interval)
    if frame is None or any(low for one in frame.components.values() for low in one.lowest):
        raise damaged("a JPEG without all of its scans")
    return frame.num_pixels * len(frame.components)


def _segments(data: bytes) -> Iterator[_Segment]:
    """Yield the marker segments between the first marker and the last, which ends the file."""
    position = 0
    while match := _MARKER.match(data, position):
        marker, position = match[1][0], match.end()
        if (marker == _START) != (match.start() == 0):
            break
        if marker == _START:
            continue
        if marker == _END:
            if data[position:].strip(b"\0"):
                raise damaged("bytes after the marker that ends the JPEG")
            return
        length = int.from_bytes(data[position : position + 2])
        body, end = data[position + 2 : position + length], position + length
        if length < 2 or end > len(data):
            break
        position = end
        if marker == _SCAN:
            while (found := _NEXT_MARKER.search(data, position)) and 0xD0 <= found[1][0] <= 0xD7:
                position = found.end()
            position = found.start() if found else len(data)
        yield _Segment(marker, body, data[end:position])
    raise damaged(f"a JPEG without its next marker at byte {position:,}")


def _check_application(marker: int, body: bytes) -> None:
    """Check what decoders read of the segments of JFIF and of Adobe."""
    if marker == _JFIF and body[:5] == b"JFIF\0" and body[5:6] != b"\x01":
        raise damaged("a JPEG of an unknown revision of JFIF")
    if marker == _ADOBE and body[:5] == b"Adobe" and body[11:12] not in _TRANSFORMS:
        raise damaged("a JPEG whose colours are transformed in an unknown way")


def _parse_frame(
    body: bytes, steps: dict[int, int], *, progressive: bool, most_samples: int
) -> _Frame:
    try:
        precision, height, width, count = struct.unpack_from(">BHHB", body)
        if count > _MOST_COMPONENTS or width * height * count > most_samples:
            raise damaged(
                f"a JPEG: expected at most {_MOST_COMPONENTS} components and {most_samples:,} "
                f"samples; received {count} components of {width}x{height}"
            )
        fields = [struct.unpack_from("BBB", body, 6 + 3 * n) for n in range(count)]
    except struct.error as error:
        raise damaged("a JPEG whose frame is cut short") from error
    samplings = {number: divmod(sampling, 16) for number, sampling, _ in fields}
    valid = all(1 <= x <= 4 and 1 <= y <= 4 for x, y in samplings.values())
    if precision != 8 or not width * height or not count or len(samplings) != count or not valid:
        raise damaged("a JPEG whose frame has no pixels of 8 bits")
    most_across, most_down = (max(sides) for sides in zip(*samplings.values(), strict=True))
    mcus_across, mcus_down = -(-width // (8 * most_across)), -(-height // (8 * most_down))
    components = {}
    for number, _, table in fields:
        across, down = samplings[number]
        step = steps.get(table, 1)
        stride, rows = mcus_across * across, mcus_down * down
        components[number] = Component(
            across,
            down,
            -(-width * across // (8 * most_across)),
            -(-height * down // (8 * most_down)),
            stride,
            _LARGEST_MEAN // step + 2,
            [0] * (stride * rows) if progressive else [],
        )
    return _Frame(components, mcus_across, mcus_down, width * height, progressive)


def _parse_steps(body: bytes) -> dict[int, int]:
    steps, start = {}, 0
    while start < len(body):
        wide, number = divmod(body[start], 16)
        num_bytes = 2 if wide else 1
        steps[number] = int.from_bytes(body[start + 1 : start + 1 + num_bytes]) or 1
        start += 1 + 64 * num_bytes
    return steps


def _parse_tables(body: bytes) -> dict[int, bytes]:
    tables, start = {}, 0
    while start < len(body):
        end = start + 17 + sum(body[start + 1 : start + 17])
        if end > len(body):
            raise damaged("a JPEG whose table of codes is cut short")
        tables[body[start]] = body[start + 1 : end]
        start = end
    return tables


def _parse_scan(body: bytes, frame: _Frame, tables: dict[int, bytes]) -> Scan:
    try:
        fields = [(body[1 + 2 * n], *divmod(body[2 + 2 * n], 16)) for n in range(body[0])]
        first, last, approximation = body[1 + 2 * body[0] :]
        components = [frame.components[number] for number, _, _ in fields]
    except (IndexError, ValueError, KeyError) as error:
        raise damaged("a JPEG with a damaged scan") from error
    used = [(tables.get(dc, b""), tables.get(16 + ac, b"")) for _, dc, ac in fields]
    if not frame.progressive and (first, last, approximation) != (0, NUM_COEFFICIENTS - 1, 0):
        raise BitmapError(  # Decoders warn of it and read all coefficients.
            "a sequential JPEG whose scan claims some coefficients only: damaged, or from a phone "
            "that writes it so; look at it, and save it as PNG"
        )
    scan = Scan(components, used, first, last, *divmod(approximation, 16))
    blocks = sum(one.across * one.down for one in components)
    distinct = len({number for number, _, _ in fields}) == len(components) > 0
    if not distinct or (len(components) > 1 and (first or blocks > 10)):
        raise damaged("a JPEG with a scan of other colours than its frame")
    return scan


def _note(scan: Scan, frame: _Frame) -> None:
    """Note which bits of which coefficients a scan sends; each is sent once."""
    valid = scan.first <= scan.last < NUM_COEFFICIENTS
    valid &= not frame.progressive or (scan.first == 0) == (scan.last == 0)
    valid &= scan.high in (0, scan.low + 1)
    for component in scan.components:
        sent = component.lowest[scan.first : scan.last + 1]
        valid &= set(sent) <= {scan.high or -1}
        component.lowest[scan.first : scan.last + 1] = [scan.low] * len(sent)
    if not valid:
        raise damaged("a JPEG with a scan that follows none that it could refine")


def _read(scan: Scan, frame: _Frame, coded: bytes, interval: int) -> None:
    num_mcus = frame.mcus_across * frame.mcus_down
    if len(scan.components) == 1:
        num_mcus = scan.components[0].width * scan.components[0].height
    interval = interval or num_mcus
    parts = _RESTART.split(coded)
    segments, restarts = parts[::2], parts[1::2]
    if len(segments) != -(-num_mcus // interval):
        raise damaged("a JPEG with more or fewer restart markers than its image needs")
    for number, (segment, restart) in enumerate(zip(segments, [*restarts, b""], strict=True)):
        if restart and restart[0] != 0xD0 + number % 8:
            raise damaged("a JPEG whose restart markers are out of order")
        mcus = range(number * interval, min((number + 1) * interval, num_mcus))
        whole = segment.replace(b"\xff\x00", b"\xff")
        read_segment(scan, whole, mcus, frame.mcus_across, progressive=frame.progressive)
