"""Whole JPEGs pass, whatever their coding; cut, filled and swapped parts are refused."""

import io
import struct
import time
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from tfrecords.codec.bmp import BitmapError
from tfrecords.codec.jpeg_check import check_jpeg

RNG = np.random.default_rng(0)
NOISE = RNG.integers(0, 256, (77, 131, 3), dtype=np.uint8)


def cell(side: int = 300) -> np.ndarray:
    """Stained blotches on black, as in the data set."""
    y, x = np.mgrid[:side, :side] / side - 0.5
    blotches = np.kron(RNG.integers(-40, 40, (side // 4 + 1, side // 4 + 1)), np.ones((4, 4)))
    colour = np.clip(np.array([150, 90, 160]) + blotches[:side, :side, None], 20, 250)
    return (colour * ((x / 0.32) ** 2 + (y / 0.28) ** 2 < 1)[..., None]).astype(np.uint8)


CELL = cell()


def jpeg(pixels=CELL, **options) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", **{"quality": 92, **options})
    return file.getvalue()


def check(data: bytes) -> int:
    return check_jpeg(data, most_samples=CELL.size)


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize(
    "options", [{}, {"optimize": True}, {"restart_marker_blocks": 3}, {"restart_marker_rows": 1}]
)
@pytest.mark.parametrize("pixels", [CELL, NOISE, CELL[..., 0], np.zeros((8, 9, 3), np.uint8)])
def test_whole_jpeg_passes(pixels, options, subsampling, progressive):
    samples = pixels.size
    for quality in (30, 100):
        data = jpeg(
            pixels, quality=quality, subsampling=subsampling, progressive=progressive, **options
        )
        assert check(data) == samples


WHOLE = jpeg()
ROWS = WHOLE.index(b"\xff\xda") + 14  # Where the codes begin.
HALF = (ROWS + len(WHOLE)) // 2
PROGRESSIVE = jpeg(progressive=True)
LAST_SCAN = PROGRESSIVE.rindex(b"\xff\xda")
RESTARTED = jpeg(restart_marker_rows=1)
FIRST, SECOND = RESTARTED.index(b"\xff\xd0"), RESTARTED.index(b"\xff\xd1")


@pytest.mark.parametrize(
    "data",
    [
        WHOLE[:HALF],
        WHOLE[:-2],
        WHOLE[:HALF] + b"\xff\xd9",
        WHOLE[:HALF] + bytes(len(WHOLE) - HALF),
        WHOLE[:HALF] + bytes(len(WHOLE) - HALF - 2) + b"\xff\xd9",
        WHOLE[:HALF] + WHOLE[HALF + 100 :],
        WHOLE[:HALF] + b"junk between the rows" + WHOLE[HALF:],
        WHOLE[:HALF] + b"\xff" * 50 + WHOLE[HALF + 50 :],
        WHOLE[:HALF] + b"\xff\xd0" + WHOLE[HALF:],
        WHOLE[:-2] + b"junk" + WHOLE[-2:],
        WHOLE + b"junk",
        WHOLE + WHOLE,
        PROGRESSIVE[:LAST_SCAN] + b"\xff\xd9",
        PROGRESSIVE[:-400] + b"\xff\xd9",
        PROGRESSIVE[:-402] + bytes(400) + b"\xff\xd9",
        RESTARTED[:FIRST] + RESTARTED[SECOND:],
        RESTARTED[: FIRST + 1] + b"\xd1" + RESTARTED[FIRST + 2 :],
        b"\xff\xd8\xff\xd9",
        b"\xff\xd8",
    ],
)
def test_jpeg_that_is_not_whole_is_refused(data):
    with pytest.raises(BitmapError, match="damaged: .*copy the file again"):
        check(data)


def test_height_that_was_changed_is_refused():
    place = WHOLE.index(b"\xff\xc0") + 5
    for height in (200, 316, 0):
        data = WHOLE[:place] + height.to_bytes(2) + WHOLE[place + 2 :]
        with pytest.raises(BitmapError, match="damaged"):
            check(data)


def test_arithmetic_coding_is_refused_with_what_to_do():
    with pytest.raises(BitmapError, match="cannot be checked for damage; save it as PNG"):
        check(WHOLE.replace(b"\xff\xc0", b"\xff\xc9"))


def spoil(data: bytes, kind: str, start: int, rng: np.random.Generator) -> bytes:
    length = int(rng.integers(64, 400))
    filling = {
        "zeros": bytes(length),
        "ones": b"\xff" * length,
        "noise": rng.bytes(length),
        "missing": b"",
    }
    return data[:start] + filling[kind] + data[start + length :]


@pytest.mark.parametrize("kind", ["zeros", "ones", "noise", "missing"])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 2}])
def test_nearly_every_hole_is_found(kind, options):
    rng, data = np.random.default_rng(1), jpeg(**options)
    first, found = data.index(b"\xff\xda") + 20, 0
    for _ in range(60):
        try:
            check(spoil(data, kind, int(rng.integers(first, len(data) - 800)), rng))
        except BitmapError:
            found += 1
    assert found >= 56


def test_changed_bytes_anywhere_are_refused_or_pass_and_nothing_else():
    rng = np.random.default_rng(2)
    for data in (WHOLE, PROGRESSIVE, RESTARTED):
        for _ in range(300):
            changed = bytearray(data)
            for place in rng.integers(0, len(data) if rng.random() < 0.5 else 700, 2):
                changed[place] = rng.integers(0, 256)
            try:
                check(bytes(changed))
            except BitmapError:
                continue


def replaced(data: bytes, after: bytes, offset: int, value: int) -> bytes:
    """The JPEG with another byte behind the first place of some bytes."""
    place = data.index(after) + offset
    return data[:place] + bytes([value]) + data[place + 1 :]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (replaced(WHOLE, b"JFIF\0", 5, 142), "damaged: .*an unknown revision of JFIF"),
        (
            replaced(WHOLE, b"\xff\xda", 12, 62),
            "some coefficients only: damaged, .* save it as PNG",
        ),
        (replaced(WHOLE, b"\xff\xda", 11, 1), "some coefficients only: damaged, .* save it as PNG"),
        (
            WHOLE[:2] + b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\x07" + WHOLE[2:],
            "damaged: .* colours are transformed in an unknown way",
        ),
    ],
)
def test_what_libjpeg_warns_of_is_refused(data, reason):
    with pytest.raises(BitmapError, match=reason):
        check(data)


def frame(width: int, height: int, num_components: int) -> bytes:
    """A progressive JPEG of a frame without scans."""
    components = b"".join(bytes((n, 0x11, 0)) for n in range(num_components))
    body = struct.pack(">BHHB", 8, height, width, num_components) + components
    return b"\xff\xd8\xff\xc2" + struct.pack(">H", len(body) + 2) + body + b"\xff\xd9"


@pytest.mark.parametrize(
    ("width", "height", "num_components"),
    [(65535, 65535, 1), (301, 300, 3), (300, 300, 4), (65535, 1, 255), (8, 8, 5)],
)
def test_more_samples_than_the_picture_has_are_refused_before_they_take_memory(
    width, height, num_components
):
    tracemalloc.start()
    try:
        with pytest.raises(BitmapError, match="at most 4 components and 270,000 samples; received"):
            check(frame(width, height, num_components))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1e6
    with pytest.raises(BitmapError, match="without all of its scans"):
        check(frame(300, 300, 3))


@pytest.mark.parametrize("ending", [b"\0", b"\1", b"\xd0"])
def test_many_bytes_of_a_marker_take_no_time(ending):
    data = WHOLE[:HALF] + b"\xff" * 100_000 + ending + WHOLE[HALF:]
    start = time.process_time()
    with pytest.raises(BitmapError, match="damaged"):
        check(data)
    assert time.process_time() - start < 2


def test_marker_may_begin_with_many_bytes():
    spread = WHOLE[:-2] + b"\xff" * 9 + WHOLE[-2:]
    assert check(spread.replace(b"\xff\xda", b"\xff\xff\xff\xda")) == CELL.size
    assert check(RESTARTED.replace(b"\xff\xd1", b"\xff\xff\xff\xd1")) == CELL.size
