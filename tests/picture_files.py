"""Picture files of every kind, written by hand or by other libraries, and what becomes of them."""

import io
import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from tfrecords.codec.bmp import BitmapError
from tfrecords.codec.pictures import decode_picture

ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2))
ADAM7 += ((0, 1, 1, 2),)
RNG = np.random.default_rng(0)


SIDES = (29, 23)  # Rows and columns, no multiples of 8.


# Colour type of PNG: its samples a pixel and bit depths.
PNG_KINDS = {
    0: (1, (1, 2, 4, 8, 16)),
    2: (3, (8, 16)),
    3: (1, (1, 2, 4, 8)),
    4: (2, (8, 16)),
    6: (4, (8, 16)),
}


def png(samples: np.ndarray, *, colour: int, depth: int, interlaced=False, chunks=()) -> bytes:
    """A PNG of every kind. `samples` is `(height, width, n)`, `chunks` go before the rows."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    def packed(row: np.ndarray) -> bytes:
        if depth == 16:
            return row.astype(">u2").tobytes()
        if depth == 8:
            return row.astype(np.uint8).tobytes()
        bits = (row.reshape(-1, 1) >> np.arange(depth - 1, -1, -1)) & 1
        return np.packbits(bits.astype(np.uint8).ravel()).tobytes()

    passes = ADAM7 if interlaced else ((0, 0, 1, 1),)
    parts = [samples[top::down, left::across] for left, top, across, down in passes]
    rows = b"".join(b"\0" + packed(row) for part in parts if part.size for row in part)
    height, width = samples.shape[:2]
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    body = [chunk(b"IHDR", head), *(chunk(*one) for one in chunks)]
    body += [chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


def on_black(pixels: np.ndarray) -> np.ndarray:
    """Each colour times its alpha of 255, rounded; uint8 `(h, w, 4)` to `(h, w, 3)`."""
    return np.rint(pixels[..., :3] * (pixels[..., 3:] / 255)).astype(np.uint8)


def tiff(pixels: np.ndarray, **options) -> bytes:
    file = io.BytesIO()
    options = {
        "photometric": "rgb" if pixels.ndim == 3 else "minisblack",
        "metadata": None,
    } | options
    tifffile.imwrite(file, pixels, **options)
    return file.getvalue()


def eight_bits(pixels: np.ndarray) -> np.ndarray:
    """The upper 8 bits of 16, grey as three channels."""
    pixels = (pixels >> 8).astype(np.uint8) if pixels.dtype == np.uint16 else pixels
    return np.dstack([pixels] * 3) if pixels.ndim == 2 else pixels


def samples(kind: str, bits: int) -> np.ndarray:
    shape = {"grey": SIDES, "rgb": (*SIDES, 3), "rgba": (*SIDES, 4)}[kind]
    return RNG.integers(0, 2**bits, shape).astype(np.uint8 if bits == 8 else np.uint16)


def literal_lzw(data: bytes) -> bytes:
    """LZW of TIFF whose table is cleared before a code grows beyond 9 bits."""
    codes = []
    for start in range(0, len(data), 200):
        codes += [256, *data[start : start + 200]]
    bits = (np.array([*codes, 257])[:, None] >> np.arange(8, -1, -1)) & 1
    return np.packbits(bits.astype(np.uint8).ravel()).tobytes()


def literal_packbits(data: bytes) -> bytes:
    parts = [data[start : start + 128] for start in range(0, len(data), 128)]
    return b"".join(bytes([len(part) - 1]) + part for part in parts)


def palette_bmp(
    indices: np.ndarray, colours: np.ndarray, bits: int, *, core: bool = False
) -> bytes:
    """A BMP with a palette; `core` gives it the first header of OS/2."""
    height, width = indices.shape
    expanded = (indices[::-1, :, None] >> np.arange(bits - 1, -1, -1)) & 1
    packed = np.packbits(expanded.reshape(height, -1), axis=1)
    rows = np.pad(packed, [(0, 0), (0, -packed.shape[1] % 4)]).tobytes()
    table = np.pad(colours[:, ::-1], [(0, 0), (0, 0 if core else 1)]).tobytes()
    info = struct.pack(
        "<IiiHHIIiiII", 40, width, height, 1, bits, 0, len(rows), 0, 0, len(colours), 0
    )
    if core:
        info = struct.pack("<IHHHH", 12, width, height, 1, bits)
    start = 14 + len(info) + len(table)
    head = struct.pack("<2sIHHI", b"BM", start + len(rows), 0, 0, start)
    return head + info + table + rows


def bmp(pixels: np.ndarray, *, bits: int, compression: int = 0) -> bytes:
    """A BMP of true colours; `pixels` is `(height, width, bits // 8)`, blue first, bottom up."""
    height, width = pixels.shape[:2]
    rows = np.pad(pixels.reshape(height, -1), [(0, 0), (0, -(width * bits // 8) % 4)]).tobytes()
    head = struct.pack("<2sIHHI", b"BM", 54 + len(rows), 0, 0, 54)
    info = (40, width, height, 1, bits, compression, len(rows), 0, 0, 0, 0)
    return head + struct.pack("<IiiHHIIiiII", *info) + rows


def saved(image: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def rle_bmp() -> bytes:
    rows = b"".join(bytes([29, 7, 0, 0]) for _ in range(23)) + b"\0\1"
    head = struct.pack("<2sIHHI", b"BM", 62 + len(rows), 0, 0, 62)
    info = (40, 29, 23, 1, 8, 1, len(rows), 0, 0, 2, 0)
    return head + struct.pack("<IiiHHIIiiII", *info) + bytes(8) + rows


RGB = Image.fromarray(samples("rgb", 8))


def decoded(data: bytes) -> np.ndarray:
    return np.asarray(decode_picture(data))


def refused(data: bytes, reason: str) -> None:
    with pytest.raises(BitmapError, match=reason):
        decode_picture(data)
