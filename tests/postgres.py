"""A server of PostgreSQL for one test, where Debian's package is installed."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def empty_database() -> Iterator[str]:
    """The URL of an empty database, on a socket in a temporary folder; skips without a server."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.skip("no server of PostgreSQL; Debian has one: apt-get install postgresql")
    programs = found[-1].parent
    # The server refuses to run as root; Debian's package makes a user for it.
    user = "postgres" if os.geteuid() == 0 else None
    data = Path(tempfile.mkdtemp(prefix="postgres-"))  # Not below a folder of root's alone.
    if user:
        shutil.chown(data, user)
    how = {"user": user, "check": True, "capture_output": True, "cwd": data}
    subprocess.run([programs / "initdb", "-D", data, "-A", "trust", "-U", "postgres"], **how)
    options = f"-c listen_addresses='' -k {data} -c fsync=off"
    control = [programs / "pg_ctl", "-D", data, "-w", "-l", data / "log"]
    subprocess.run([*control, "-o", options, "start"], **how)
    try:
        yield f"postgresql+psycopg2://postgres@/postgres?host={data}"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], **how)
        shutil.rmtree(data)
