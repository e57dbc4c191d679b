"""SIGKILL at any moment leaves no records, or the old ones, or the complete new ones."""

import hashlib
import os
import random
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from tests.conftest import ROOT
from tfrecords.store.verification import verify_records

KILLS = int(os.environ.get("ALL_TF_KILLS", "2"))  # Fifty were run by hand.

CONVERTER = """
    import sys
    from pathlib import Path
    if __name__ == "__main__":
        from tfrecords.packing.atomic import fresh_directory
        from tfrecords.sources.cnmc import find_images
        from tfrecords.packing.writer import Settings, write_records
        source, records = map(Path, sys.argv[1:])
        images = find_images(source)
        print("ready", flush=True)
        with fresh_directory(records, overwrite=True, marker="manifest.json") as directory:
            write_records(images, directory, Settings(folds=3, num_workers=2))
        print("done", flush=True)
"""


def start(script, source, records):
    process = subprocess.Popen(
        [sys.executable, script, source, records],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
    )
    assert process.stdout.readline() == b"ready\n"
    return process


def digest(records) -> str:
    files = sorted(path for path in records.iterdir())
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


@pytest.mark.slow
def test_kill_leaves_nothing_or_whole_records(synthetic, tmp_path):
    script = tmp_path / "converter.py"
    script.write_text(textwrap.dedent(CONVERTER))
    reference = tmp_path / "reference" / "records"
    began = time.monotonic()
    with start(script, synthetic, reference) as process:
        assert process.stdout.read() == b"done\n"
    duration = time.monotonic() - began
    rng = random.Random(0)
    for number in range(KILLS):
        records = tmp_path / f"target{number % 2}" / "records"  # Absent at first, old later on.
        with start(script, synthetic, records) as process:
            time.sleep(rng.uniform(0, duration))
            process.send_signal(signal.SIGKILL)
        if records.exists():
            verify_records(records)
            assert digest(records) == digest(reference)
        with start(script, synthetic, records) as process:
            assert process.stdout.read() == b"done\n"
        assert digest(records) == digest(reference)
        assert [path.name for path in records.parent.iterdir()] == ["records"]
