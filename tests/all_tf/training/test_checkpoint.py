"""States on disk: the last two, each whole; damage is found, named and passed over."""

import json

import numpy as np
import pytest

from all_tf.runs.folder import RunError, epochs_done
from all_tf.training.checkpoint import (
    TrainingProgress,
    newest_state,
    read_state,
    reset_best,
    save_state,
)

ARRAYS = {"model-0000": np.arange(6, dtype="float32").reshape(2, 3), "seed": np.uint32([1, 2])}


@pytest.fixture
def run(tmp_path):
    """Three epochs, the second one the best."""
    (tmp_path / "config.json").write_text("{}")
    for epoch in (1, 2, 3):
        if epoch < 3:
            (tmp_path / "best.weights.h5").unlink(missing_ok=True)
            (tmp_path / "best.weights.h5").write_text(f"weights of epoch {epoch}")
        best = min(epoch, 2)
        rows = [{"epoch": number, "loss": 0.1 * number} for number in range(1, epoch + 1)]
        save_state(tmp_path, TrainingProgress(epoch, epoch == 3, best, best / 3, rows), ARRAYS)
    return tmp_path


def test_last_two_are_kept_and_the_newest_is_read(run):
    assert sorted(path.name for path in (run / "state").iterdir()) == ["epoch-0002", "epoch-0003"]
    assert epochs_done(run) == 3
    progress, arrays = read_state(newest_state(run))
    assert (progress.epoch, progress.ended, progress.best_epoch, progress.best) == (
        3,
        True,
        2,
        2 / 3,
    )
    assert progress.history[2] == {"epoch": 3, "loss": 0.1 * 3}
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(arrays[name], array)
        assert arrays[name].dtype == array.dtype


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.unlink()  # As its own file: the weights have two names.
    path.write_bytes(data)


def add_a_file(folder):
    (folder / "more.npz").write_bytes(b"")


def leave_a_file_out_of_the_list(folder):
    digests = json.loads((folder / "digests.json").read_text())
    del digests["arrays.npz"]
    (folder / "digests.json").write_text(json.dumps(digests))
    (folder / "arrays.npz").unlink()


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda folder: flip(folder / "arrays.npz"), "arrays.npz changed"),
        (lambda folder: flip(folder / "state.json"), "state.json changed"),
        (lambda folder: flip(folder / "best.weights.h5"), "best.weights.h5 changed"),
        (lambda folder: (folder / "digests.json").unlink(), "no legible digests.json"),
        (lambda folder: (folder / "digests.json").write_text("{"), "no legible digests.json"),
        (lambda folder: (folder / "digests.json").write_text("[" * 10**5), "no legible digests"),
        (lambda folder: (folder / "digests.json").write_text("[]"), "no digests in digests.json"),
        (lambda folder: (folder / "best.weights.h5").unlink(), "missing or were added"),
        (add_a_file, "missing or were added"),
        (leave_a_file_out_of_the_list, "missing or were added"),
    ],
)
def test_damaged_state_is_named_and_the_one_before_is_taken(run, spoil, reason, capsys):
    spoil(run / "state/epoch-0003")
    folder = newest_state(run)
    assert folder.name == "epoch-0002" and reason in capsys.readouterr().out
    save_state(run, TrainingProgress(3), ARRAYS)  # The epoch comes again, and finds its place free.
    assert newest_state(run).name == "epoch-0003"


def test_no_whole_state_is_an_error_and_nothing_is_removed(run):
    for folder in (run / "state").iterdir():
        flip(folder / "arrays.npz")
    with pytest.raises(RunError, match="All states in .* are damaged"):
        newest_state(run)
    assert len(list((run / "state").iterdir())) == 2


def test_no_state_is_none(tmp_path):
    assert newest_state(tmp_path) is None and epochs_done(tmp_path) == 0


def test_kill_while_a_state_is_written_leaves_those_before(run, monkeypatch):
    def die(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("all_tf.training.checkpoint.digest_file", die)
        with pytest.raises(KeyboardInterrupt):
            save_state(run, TrainingProgress(4, best_epoch=2, best=0.5), ARRAYS)
    assert newest_state(run).name == "epoch-0003" and epochs_done(run) == 3
    save_state(run, TrainingProgress(4, best_epoch=2, best=0.5), ARRAYS)
    assert newest_state(run).name == "epoch-0004"


def test_best_weights_are_those_of_the_state(run):
    (run / "best.weights.h5").unlink()
    (run / "best.weights.h5").write_text("of an epoch that was cut off")
    reset_best(run, newest_state(run))
    assert (run / "best.weights.h5").read_text() == "weights of epoch 2"
    reset_best(run, None)
    assert not (run / "best.weights.h5").exists()


def test_arrays_of_objects_are_not_read(run):
    folder = run / "state/epoch-0003"
    np.savez(folder / "arrays.npz", model=np.array([print], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        read_state(folder)
