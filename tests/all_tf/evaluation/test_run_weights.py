"""Weights are written whole, or the former ones stay and the system's reason is said."""

import subprocess
import sys

import pytest

from all_tf.evaluation import run_weights
from all_tf.evaluation.run_weights import save_weights
from builders.registry import build_model
from tests.conftest import without_coverage

# Every size of the largest file, from one too small for the head to one with room to spare.
_ON_FULL_DISKS = """
import resource, sys
from pathlib import Path
from all_tf.evaluation.run_weights import save_weights
from builders.registry import build_model

path = Path(sys.argv[1])
model = build_model("base_cnn", image_size=32, weights="none")
save_weights(model, path)
before, size = path.read_bytes(), path.stat().st_size
refused = 0
for most in range(1000, size + 60_000, 3001):
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
    try:
        save_weights(model, path)
    except OSError as error:
        assert error.errno == 27, error
        refused += 1
    assert path.read_bytes() == before
assert 5 < refused < len(range(1000, size + 60_000, 3001)), refused
assert [each.name for each in path.parent.iterdir()] == [path.name]
"""


def test_full_disk_is_said_by_its_reason_and_leaves_the_former_weights(tmp_path):
    command = [sys.executable, "-c", _ON_FULL_DISKS, tmp_path / "best.weights.h5"]
    ended = subprocess.run(
        command, capture_output=True, text=True, check=False, env=without_coverage()
    )
    assert ended.returncode == 0, ended.stderr[-2000:]


@pytest.mark.parametrize("arch", ["base_cnn", "densenet121"])
def test_room_is_asked_for_all_that_is_written(arch, tmp_path, monkeypatch):
    asked = []
    real = run_weights.os.posix_fallocate
    monkeypatch.setattr(
        run_weights.os, "posix_fallocate", lambda *x: (asked.append(x[2]), real(*x))
    )
    save_weights(build_model(arch, image_size=64, weights="none"), tmp_path / "best.weights.h5")
    size = (tmp_path / "best.weights.h5").stat().st_size
    assert size <= asked[0] < 1.5 * size + 65536


def test_what_hdf5_says_of_the_system_is_said_as_the_system_does(tmp_path, monkeypatch):
    def fail(path):
        raise RuntimeError("Set slist enabled failed (file write failed: errno = 28, buf = 0x5)")

    monkeypatch.setattr(run_weights, "add_digest", fail)
    model = build_model("base_cnn", image_size=32, weights="none")
    with pytest.raises(OSError, match="No space left on device"):
        save_weights(model, tmp_path / "best.weights.h5")
    assert list(tmp_path.iterdir()) == []
