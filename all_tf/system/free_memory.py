"""Free memory: of the machine, and of the container or job that this process runs in."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psutil

_MEMBERSHIP = Path("/proc/self/cgroup")


class _Version(NamedTuple):
    """Files of a version of control groups (Linux admin-guide/cgroup-v1/memory, cgroup-v2)."""

    controllers: str  # As /proc/self/cgroup names them.
    root: Path
    limit: str
    used: str
    prefix: str  # Of the keys in memory.stat that include the groups inside.


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
    """Return the bytes that this process can still allocate.

    It is the available memory of the machine, or less if a control group limits this process to
    less; Docker, Kubernetes and Slurm set such limits. Cached pages of files count against a limit
    but are free: the kernel drops them when memory is short.
    """
    return min([psutil.virtual_memory().available, *_left_by_limits()])


def _left_by_limits() -> Iterator[int]:
    """Yield the bytes left in the control group of this process and in each group around it."""
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
    """Yield the bytes left in a group; nothing if it has no limit."""
    try:
        limit = (group / version.limit).read_text().strip()
        used = int((group / version.used).read_text())
        stats = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
    except OSError:  # The root group of version 2 has no limit; a container may not see its own.
        return
    if limit != "max":
        files = sum(int(stats[f"{version.prefix}{kind}_file"]) for kind in ("active", "inactive"))
        yield max(int(limit) - used + files, 0)
