"""Writes a list of published files as `tfrecords.sources.published` reads it: published.bin."""

import lzma
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

_SPLIT_OF_FOLDER = {
    "training_data": "train",
    "validation_data": "validation",
    "testing_data": "test",
}
_LENGTH_BYTES = 4


def pack_published(rows: Iterable[Mapping[str, str]], path: Path) -> None:
    """Pack a list of published files; the same list gives the same bytes, whatever its order.

    Args:
        rows: With `path` in Kaggle's layout and `sha256` in hex; other files than images are
            skipped.
        path: The file to write.
    """
    entries = sorted(
        [(*_name_and_fold(row["path"]), row["sha256"]) for row in rows if _is_image(row["path"])],
        key=lambda entry: (entry[1], _by_number(entry[0])),
    )
    lines = "\n".join(f"{name},{fold}" for name, fold, _ in entries)
    packed = lzma.compress(lines.encode(), preset=9 | lzma.PRESET_EXTREME)
    digests = b"".join(bytes.fromhex(digest) for _, _, digest in entries)
    path.write_bytes(len(packed).to_bytes(_LENGTH_BYTES, "big") + packed + digests)


def _is_image(path: str) -> bool:
    return path.endswith(".bmp")


def _name_and_fold(path: str) -> tuple[str, int]:
    """Name and fold of a path in Kaggle's layout: C-NMC_Leukemia/training_data/fold_0/all/*.bmp."""
    _, phase, folder, *_, file = path.split("/")
    split = _SPLIT_OF_FOLDER[phase]
    return f"{split}/{file}", int(folder.removeprefix("fold_")) if split == "train" else -1


def _by_number(name: str) -> list[str | int]:
    """2 before 10: neighbours differ least, and the list packs best."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]
