"""All checks in their order: first what needs no TensorFlow."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from all_tf.doctor.check import Check, guarded
from all_tf.doctor.machine import check_disk, check_gpu, check_memory
from all_tf.doctor.packages import check_extras, check_packages, check_python

_RUNS = Path("runs")  # Where trainings write unless they are told otherwise.


def examine(records: Path, *, named: bool) -> Iterator[Check]:
    """Yield the result of each check as soon as it is known.

    Args:
        records: A records directory.
        named: Whether somebody has named it, so that it has to be there.
    """
    yield guarded("Python", check_python)
    yield guarded("packages", check_packages)
    yield guarded("extras", check_extras)
    yield guarded("memory", check_memory)
    yield guarded("disk", lambda: check_disk(_RUNS))
    yield guarded("records", lambda: _records(records, named=named))
    yield guarded("GPU", check_gpu)


def is_usable(name: str, checks: Sequence[Check]) -> bool:
    """Whether a check has found something that a training can use: "records", or a "GPU"."""
    return any(check.name == name and check.usable for check in checks)


def _records(records: Path, *, named: bool) -> Check:
    from all_tf.doctor.records import check_records  # It needs packages that may be missing.

    return check_records(records, expected=named)
