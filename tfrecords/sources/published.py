"""Compares a copy of C-NMC with the published names and SHA-256; standard library only."""

import csv
import lzma
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from tfrecords.schema import SPLITS
from tfrecords.store.files import atomic_write

_FILE = Path(__file__).with_name("published.bin")
_LENGTH_BYTES, _DIGEST_BYTES = 4, 32
_SHOWN = 3  # Names listed in one line of a summary; the others are only counted.


@dataclass(frozen=True)
class Comparison:
    """The name of every published image and every image of a copy, once; each tuple is sorted."""

    exact: tuple[str, ...]  # Published, and in the copy with the same bytes.
    changed: tuple[str, ...]  # Published, and in the copy with other bytes.
    missing: tuple[str, ...]  # Published, and not in the copy.
    unknown: tuple[str, ...]  # In the copy, and never published under this name.


def read_published(path: Path = _FILE) -> dict[str, str]:
    """From image name, as in `SourceImage.name`, to the SHA-256 of the published file, in hex.

    The file: the length of the list (4 bytes, big-endian), the list (lzma; a line is `name,fold`),
    the digests in the order of the list (32 bytes each).

    Raises:
        ValueError: The file is damaged.
    """
    fold_of_name, digests = _read(path)
    places = range(0, len(digests), _DIGEST_BYTES)
    return {
        name: digests[place : place + _DIGEST_BYTES].hex()
        for name, place in zip(fold_of_name, places, strict=True)
    }


def _read(path: Path) -> tuple[dict[str, int], bytes]:
    """Read the published fold of each name (-1 outside the training phase), and the digests.

    The digests follow one another in the order of the names.
    """
    data = path.read_bytes()
    end = _LENGTH_BYTES + int.from_bytes(data[:_LENGTH_BYTES], "big")
    try:
        lines = lzma.decompress(data[_LENGTH_BYTES:end]).decode().split("\n")
    except lzma.LZMAError as error:
        raise ValueError(f"{path} is damaged: {error}. Install the package again.") from error
    if len(data) != end + _DIGEST_BYTES * len(lines):
        raise ValueError(
            f"{path} is damaged: expected {end + _DIGEST_BYTES * len(lines):,} bytes. "
            f"Install the package again. Received: {len(data):,} bytes"
        )
    return {name: int(fold) for name, fold in (line.split(",") for line in lines)}, data[end:]


@cache
def published_counts() -> dict[tuple[str, str, int], int]:
    """Count the published images by (split, class, fold).

    The names of the later phases do not contain a class: it is "" there, and the fold is -1.
    """
    fold_of_name, _ = _read(_FILE)
    classes = {name: name[-7:-4] if fold >= 0 else "" for name, fold in fold_of_name.items()}
    return dict(
        Counter((name.split("/")[0], classes[name], fold) for name, fold in fold_of_name.items())
    )


def compare_with_published(digest_of_name: Mapping[str, str]) -> Comparison:
    """Compare a copy with the published images.

    The layout and the fold do not matter, because the function compares image names and not paths.
    Case is ignored (UID_h3 equals UID_H3, 1.BMP equals 1.bmp), and the published spelling is
    reported. If a copy has two spellings of one name, the published spelling counts, or else the
    first one; the other is unknown.

    Args:
        digest_of_name: From image name to the SHA-256 of the file's bytes, in lower-case hex.
    """
    published = read_published()
    spelling = {name.lower(): name for name in published}
    found, unknown = {}, []
    for name in sorted(digest_of_name, key=lambda name: (name not in published, name)):
        known = spelling.get(name.lower())
        if known is None or known in found:
            unknown.append(name)
        else:
            found[known] = digest_of_name[name]
    return Comparison(
        exact=tuple(sorted(name for name in found if found[name] == published[name])),
        changed=tuple(sorted(name for name in found if found[name] != published[name])),
        missing=tuple(sorted(published.keys() - found.keys())),
        unknown=tuple(sorted(unknown)),
    )


def describe_comparison(comparison: Comparison) -> str:
    """Describe in two to four lines what the copy holds, by phase, and what does not belong."""
    found = Counter(_split(name) for name in (*comparison.exact, *comparison.changed))
    published = found + Counter(map(_split, comparison.missing))
    shares = (f"{split} {_share(found[split], published[split])}" for split in SPLITS)
    exact = _share(len(comparison.exact), published.total())
    lines = [
        f"Byte for byte as published: {exact} images.",
        f"Of the published names: {'; '.join(shares)}.",
    ]
    if comparison.changed:
        lines.append(f"Published under this name with other bytes: {_some(comparison.changed)}.")
    if comparison.unknown:
        lines.append(f"Never published under this name: {_some(comparison.unknown)}.")
    return "\n".join(lines)


def _split(name: str) -> str:
    return name.split("/")[0]


def _share(part: int, whole: int) -> str:
    if part == whole:
        return f"all {whole:,}"
    return f"{part:,} of {whole:,}" if part else f"none of {whole:,}"


def _some(names: tuple[str, ...]) -> str:
    rest = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + rest


def write_comparison(path: Path, comparison: Comparison) -> None:
    """Write a CSV of name and status: a line for each image published or found, sorted by name."""
    rows = [(name, status) for status, names in asdict(comparison).items() for name in names]
    with atomic_write(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["name", "status"])
        table.writerows(sorted(rows))
