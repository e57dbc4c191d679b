"""How much memory may still be taken: of the machine, and of the container or job around us."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psutil

_MEMBERSHIP = Path("/proc/self/cgroup")


class _Version(NamedTuple):
    """Where Linux tells of control groups (admin-guide/cgroup-v1/memory and cgroup-v2)."""

    controllers: str  # As the line of the membership names them.
    root: Path
    limit: str
    taken: str
    prefix: str  # Of those figures that include the groups inside.


_VERSIONS = (
    _Version("", Path("/sys/fs/cgroup"), "memory.max", "memory.current", ""),
    _Version(
        "memory",
        Path("/sys/fs/cgroup/memory"),
        "memory.limit_in_bytes",
        "memory.usage_in_bytes",
        "total_",
    ),
)


def free_memory() -> int:
    """Bytes: what the machine has available, or less where a limit around this process leaves less.

    Docker, Kubernetes and Slurm set such limits, by control groups. The pages of files that count
    against them are free: the system lets go of them when memory is short.
    """
    return min([psutil.virtual_memory().available, *_left_by_limits()])


def _left_by_limits() -> Iterator[int]:
    """What is left in the group that this process is in, and in each that holds it."""
    try:
        lines = _MEMBERSHIP.read_text().splitlines()
    except OSError:  # Not Linux.
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        for version in _VERSIONS:
            if version.controllers == controllers:
                group = version.root / path.lstrip("/")
                for folder in (group, *group.parents):
                    if folder.is_relative_to(version.root):
                        yield from _left_in(folder, version)


def _left_in(group: Path, version: _Version) -> Iterator[int]:
    """One number, or none where there is no limit."""
    try:
        limit = (group / version.limit).read_text().strip()
        taken = int((group / version.taken).read_text())
        figures = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
    except OSError:  # Version 2's outermost group has no limit; a container may not see its own.
        return
    if limit != "max":
        files = sum(int(figures[f"{version.prefix}{kind}_file"]) for kind in ("active", "inactive"))
        yield max(int(limit) - taken + files, 0)
