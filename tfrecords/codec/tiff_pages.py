"""Reads the tags of a TIFF, and refuses a file of which it is not plain which page is the image.

The format is that of TIFF 6.0 (Adobe, 1992); BigTIFF's longer fields are known, too.
"""

import math
import re
import struct
from typing import NamedTuple

from tfrecords.codec.bmp import BitmapError
from tfrecords.codec.png_check import damaged

_TYPE_CODES = {1: "B", 2: "s", 3: "H", 4: "I", 6: "b", 7: "s", 8: "h", 9: "i", 16: "Q"}
_TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_TYPE_BYTES |= {13: 4, 16: 8, 17: 8, 18: 8}
_SUBFILE_TYPE, _DESCRIPTION, _SAMPLES = 254, 270, 277  # Tags, by their names there.
_MOST_COPIES = 32  # Each a half of the one before: more than any pyramid has.
_ONE_PAGE = "expected one image a file; received {}; save one of them as a file"


class _Layout(NamedTuple):
    """Struct codes and sizes of the fields of TIFF or BigTIFF."""

    entries: str  # Their number.
    offset: str
    entry: str  # Tag, type and number of values.
    inline_bytes: int


_CLASSIC, _BIG = _Layout("H", "I", "HHI", 4), _Layout("Q", "Q", "HHQ", 8)
Tags = dict[int, tuple[int, ...] | bytes]


def read_page(data: bytes) -> Tags:
    """Read the tags of the one page that is the image; no value is longer than the file.

    Smaller copies of the image, as pyramids have them, are passed over: pages that say so in
    NewSubfileType, and pages that are not in the file's list, such as those of SubIFDs.

    Raises:
        BitmapError: There is not exactly one image, or the tags are damaged.
    """
    tags, following = read_first_page(data)
    if _is_reduced(tags):
        raise BitmapError(_ONE_PAGE.format("a smaller copy before it"))
    for _ in range(_MOST_COPIES):
        if not following:
            break
        other, following = _read_page_at(data, following)
        if not _is_reduced(other):
            raise BitmapError(_ONE_PAGE.format("2 or more pages"))
    if following:
        raise BitmapError(_ONE_PAGE.format(f"more than {_MOST_COPIES} smaller copies"))
    if (num_planes := _num_planes(tags)) != 1:
        raise BitmapError(_ONE_PAGE.format(f"{num_planes:g} planes, as its description says"))
    return tags


def _is_reduced(tags: Tags) -> bool:
    value = tags.get(_SUBFILE_TYPE, (0,))
    return not isinstance(value, bytes) and bool(value) and bool(value[0] & 1)


def _num_planes(tags: Tags) -> float:
    """Return the number of planes that OME-XML or ImageJ's text count; 1 where neither is there.

    The text may count planes that lie in other files, or behind the only page of this one.
    """
    text = tags.get(_DESCRIPTION, b"")
    samples = tags.get(_SAMPLES, (1,))
    if not isinstance(text, bytes) or isinstance(samples, bytes):
        return 1
    if b"ImageJ=" in text[:10]:
        found = re.search(rb"^images=(\d{1,9})\s*$", text, re.MULTILINE)
        return int(found[1]) if found else 1
    if b"<OME" not in text and b":OME" not in text:
        return 1
    planes = 0.0
    for pixels in re.findall(rb"<(?:\w{1,20}:)?Pixels\s[^<>]*", text):
        # XML has each attribute once; the product of any number of them would take hours.
        sizes = dict(re.findall(rb"\bSize([CZT])\s*=\s*[\"'](\d{1,9})", pixels))
        planes += math.prod(map(int, sizes.values())) / max(samples[0] if samples else 1, 1)
    return planes or 1


def read_first_page(data: bytes) -> tuple[Tags, int]:
    """Read the tags of the first page, and where the next one begins; 0 if there is none.

    EXIF has this form, too. Pillow copies each value, also where all are one part of the file.

    Raises:
        BitmapError: The tags are damaged.
    """
    return _read_page_at(data, None)


def _read_page_at(data: bytes, page: int | None) -> tuple[Tags, int]:
    """Read the tags of the page at a byte of the file; of the first page if `page` is None."""
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    try:
        if order is None:
            raise damaged("a TIFF or EXIF without its byte order")
        (version,) = struct.unpack_from(order + "H", data, 2)
        if version not in (42, 43):
            raise damaged(f"a TIFF of the unknown version {version}")
        layout, start = (_BIG, 8) if version == 43 else (_CLASSIC, 4)
        if page is None:
            (page,) = struct.unpack_from(order + layout.offset, data, start)
        return _read_tags(data, order, layout, page)
    except (struct.error, OverflowError) as error:
        raise damaged("a TIFF whose tags are cut short") from error


def _read_tags(data: bytes, order: str, layout: _Layout, page: int) -> tuple[Tags, int]:
    (count,) = struct.unpack_from(order + layout.entries, data, page)
    entry = struct.Struct(order + layout.entry)
    step = entry.size + layout.inline_bytes
    start = page + struct.calcsize(layout.entries)
    if start + count * step > len(data):
        raise damaged("a TIFF whose tags are cut short")
    tags: Tags = {}
    budget = len(data)
    for place in range(start, start + count * step, step):
        tag, kind, number = entry.unpack_from(data, place)
        num_bytes = number * _TYPE_BYTES.get(kind, 1)
        budget -= num_bytes
        if budget < 0:
            raise damaged("a TIFF whose tags are larger than the file")
        value = place + entry.size
        if num_bytes > layout.inline_bytes:
            (value,) = struct.unpack_from(order + layout.offset, data, value)
        if value + num_bytes > len(data):
            raise damaged("a TIFF whose tags are cut short")
        if kind in _TYPE_CODES:
            values = struct.unpack_from(f"{order}{number}{_TYPE_CODES[kind]}", data, value)
            tags[tag] = values[0] if _TYPE_CODES[kind] == "s" else values
    (following,) = struct.unpack_from(order + layout.offset, data, start + count * step)
    return tags, following
