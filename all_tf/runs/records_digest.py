"""SHA-256 of a records directory's manifest and folds, by which a run knows its own records."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from all_tf.runs.errors import RunError
from tfrecords.store.folds import FOLDS_FILE
from tfrecords.store.manifest import MANIFEST_FILE, digest_file

_MISSING = ""


@dataclass(frozen=True)
class RecordsDigest:
    """The fields are keys of config.json and cross-validation.json; a missing file's is empty."""

    manifest_sha256: str  # The manifest lists every shard, so that it stands for all images.
    folds_sha256: str

    @classmethod
    def of(cls, records: Path) -> "RecordsDigest":
        """Hash the two files of a records directory."""
        return cls(_digest(records / MANIFEST_FILE), _digest(records / FOLDS_FILE))

    @classmethod
    def stored_in(cls, content: Mapping) -> "RecordsDigest":
        """Read the digest that a run or a cross-validation has stored.

        Args:
            content: Of config.json or cross-validation.json.

        Raises:
            RunError: It holds no digest of the records.
        """
        manifest, folds = content.get("manifest_sha256"), content.get("folds_sha256")
        if not isinstance(manifest, str) or not isinstance(folds, str):
            raise RunError(
                "Expected manifest_sha256 and folds_sha256 as text. Train again. "
                f"Received: {manifest!r}, {folds!r}"
            )
        return cls(manifest, folds)

    def as_dict(self) -> dict[str, str]:
        """The digest as `stored_in` reads it."""
        return asdict(self)

    def differing_files(self, other: "RecordsDigest") -> list[str]:
        """Names of the files that differ or are missing, the manifest's first; empty if none."""
        pairs = {
            MANIFEST_FILE: (self.manifest_sha256, other.manifest_sha256),
            FOLDS_FILE: (self.folds_sha256, other.folds_sha256),
        }
        return [file for file, (one, two) in pairs.items() if one != two or one == _MISSING]


def are_scored(records: Path, report: Mapping, facts: Mapping) -> bool:
    """Whether a records directory holds the very images that a report is of.

    Args:
        records: A records directory; it may be missing.
        report: As metrics.json holds it. One of an earlier version names no records, and is of the
            run's own.
        facts: The entries of the run's config.json other than the experiment.
    """
    scored = report.get("records_sha256") or facts["manifest_sha256"]
    return RecordsDigest.of(records).manifest_sha256 == scored


@contextmanager
def unchanged_records(records: Path) -> Iterator[RecordsDigest]:
    """Give the digest of records that are read in the block, and compare it at the end.

    Raises:
        RunError: The records were exchanged or changed in between.
    """
    before = RecordsDigest.of(records)
    yield before
    if RecordsDigest.of(records) != before:
        raise RunError(
            f"The records in {records} were changed while they were read. Wait until nothing "
            "writes there, and start again."
        )


def _digest(path: Path) -> str:
    return digest_file(path) if path.is_file() else _MISSING
