"""Writes, reads and checks manifest.json: the counts and digests of a records directory."""

import hashlib
import json
import os
import shlex
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tfrecords.progress import Progress, untold
from tfrecords.store.files import write_text
from tfrecords.store.strict_json import parse_json

MANIFEST_FILE = "manifest.json"
FORMAT = 1
_OF_FILE = {"file": str, "num_bytes": int, "sha256": str}
_OF_SHARD = {**_OF_FILE, "num_images": int}
_OF_SPLIT = {"num_images": int, "num_images_of_class": dict, "shards": list}
_OF_RECORDS = {
    "format": int,
    "seed": int,
    "layout": str,
    "patient_per_image": bool,
    "index": dict,
    "splits": dict,
    "name": str,
    "negative_class": str,
    "positive_class": str,
    "skipped": list,
}
_OF_LATER_VERSIONS = ("name", "negative_class", "positive_class", "skipped")


class RecordsError(ValueError):
    """A records directory is missing, incomplete or changed; the message names the file."""


def digest_file(path: Path) -> str:
    """Compute the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def describe_file(path: Path) -> dict[str, str | int]:
    """Describe a file as the manifest does: name, length in bytes and SHA-256."""
    return {"file": path.name, "num_bytes": path.stat().st_size, "sha256": digest_file(path)}


def write_manifest(directory: Path, manifest: dict) -> None:
    """Write the manifest; written last, because a directory without a manifest is unfinished."""
    text = json.dumps({"format": FORMAT, **manifest}, indent=2) + "\n"
    write_text(directory / MANIFEST_FILE, text)


def read_manifest(directory: Path) -> dict:
    """Read the manifest of a records directory.

    Returns:
        A dict of `format`, `name`, `negative_class`, `positive_class`, `seed`, `layout`,
        `patient_per_image`, `skipped` (files with the reason), `index` (images.csv, from
        `describe_file`) and `splits`: for each split `num_images`, `num_images_of_class` and
        `shards` (from `describe_file`). Earlier versions wrote neither name nor classes
        (`tfrecords.store.identity.read_identity`).

    Raises:
        RecordsError: The manifest is missing, damaged, or of another version of this program.
    """
    path = directory / MANIFEST_FILE
    if not path.is_file():
        raise RecordsError(
            f"No records in {directory}: it has no {MANIFEST_FILE}. Name their folder by "
            "--records, or make them: python scripts/make_tfrecords.py --source IMAGES "
            f"--records {shlex.quote(str(directory))}"
        )
    try:
        manifest = parse_json(path.read_bytes())
    except ValueError as error:
        raise RecordsError(f"{path} is damaged: {error}. Pack the records again.") from error
    if isinstance(manifest, dict) and manifest.get("format") != FORMAT:
        raise RecordsError(
            f"{path} has another format than this version reads. Pack the records again. "
            f"Expected: {FORMAT}. Received: format={manifest.get('format')}"
        )
    _require_fields(path, manifest, _OF_RECORDS, optional=_OF_LATER_VERSIONS)
    _require_fields(path, manifest["index"], _OF_FILE)
    for entry in manifest["splits"].values():
        _require_fields(path, entry, _OF_SPLIT)
        for shard in entry["shards"]:
            _require_fields(path, shard, _OF_SHARD)
    return manifest


def _require_fields(
    path: Path,
    content: object,
    type_of_key: Mapping[str, type],
    *,
    optional: Collection[str] = (),
) -> None:
    """Refuse what is no object of these fields: each there, unless optional, and no others."""
    if not isinstance(content, dict):
        raise RecordsError(
            f"{path} is damaged. Expected values by name. Received: {str(content)[:80]}. "
            "Pack the records again."
        )
    for key in content.keys() - type_of_key.keys():
        raise RecordsError(
            f"{path} is damaged. Expected no other field than {', '.join(type_of_key)}. "
            f"Received: {key[:80]!a}. Pack the records again."
        )
    for key, expected in type_of_key.items():
        if key in optional and key not in content:
            continue
        if type(content.get(key)) is not expected:  # `isinstance` takes a bool for an int.
            raise RecordsError(
                f"{path} is damaged. Expected {key} of type {expected.__name__}. "
                f"Received: {key}={str(content.get(key))[:80]}. Pack the records again."
            )


def verify_split(
    directory: Path, split: str, *, trusted: bool = False, progress: Progress = untold
) -> dict:
    """Check the shards of one split against the manifest: their names, lengths and SHA-256.

    TFRecord's own checksums do not detect a cut at a record's boundary, an empty file or a
    duplicated shard.

    Args:
        directory: A records directory.
        split: One of its splits.
        trusted: Whether to skip the SHA-256, which take a second for all of C-NMC on a fast disk.
        progress: Wraps the shards as they are checked.

    Returns:
        The manifest's entry for the split.

    Raises:
        RecordsError: There is no such split, or a shard is missing, changed or not in the manifest;
            the message names it.
    """
    splits = read_manifest(directory)["splits"]
    if split not in splits:
        raise RecordsError(
            f"No split {split!r} in {directory}. It has: {', '.join(splits)}. "
            "Pack the folders of all phases, or choose one of these."
        )
    listed = {shard["file"]: shard for shard in splits[split]["shards"]}
    present = {path.name for path in directory.glob(f"*-{split}.tfrecord*")}
    faults = [f"{name}: missing" for name in sorted(listed.keys() - present)]
    faults += [f"{name}: not in the manifest" for name in sorted(present - listed.keys())]
    whole = sorted(listed.keys() & present)

    def fault(name: str) -> str | None:
        num_bytes, expected = (directory / name).stat().st_size, listed[name]
        if num_bytes != expected["num_bytes"]:
            return f"{name}: {num_bytes:,} bytes, expected {expected['num_bytes']:,}"
        if not trusted and digest_file(directory / name) != expected["sha256"]:
            return f"{name}: changed, its SHA-256 is not the one that was written"
        return None

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(fault, whole)
        faults += filter(None, progress(found, f"checking {split}", len(whole), unit="shard"))
    if faults:
        raise RecordsError(
            "\n  ".join([f"The records in {directory} are damaged. Pack them again:", *faults])
        )
    return splits[split]
