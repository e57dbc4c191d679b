"""What a training leaves to go on from, as targets: states, event files and weights."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import tensorflow as tf
from tensorflow.core.util.event_pb2 import Event

from all_tf.runs.folder import CONFIG_FILE, RunError
from all_tf.training.checkpoint import TrainingProgress, newest_state, read_state, save_state
from all_tf.training.event_files import drop_events_after
from builders.hdf5_weights import LAYERS, WeightsError
from tests.fuzz.mutations import mutate_json_or_bytes
from tests.fuzz.runner import Target
from tests.fuzz.weights_child import WeightsChild


def make_state(folder: Path, records: Path) -> Target:
    """The state after the last two epochs: what is read is one of them, as it was saved."""
    run = folder / "run"
    run.mkdir()
    (run / CONFIG_FILE).write_text('{"experiment": {}}')
    (run / "best.weights.h5").write_bytes(b"weights")
    rng = np.random.default_rng(0)
    saved = {}
    for epoch in (1, 2):
        progress = TrainingProgress(epoch, False, epoch, 0.5, [{"epoch": epoch, "loss": 0.25}])
        arrays = {"a": rng.normal(size=(4, 5)), "b": np.arange(epoch)}
        save_state(run, progress, arrays)
        saved[epoch] = (progress, {key: array.tolist() for key, array in arrays.items()})
    files = sorted(path for path in (run / "state").rglob("*") if path.is_file())

    def read() -> tuple:
        progress, arrays = read_state(newest_state(run))
        return progress, {key: array.tolist() for key, array in arrays.items()}

    def right(value: tuple, path: Path, expected: tuple) -> bool:
        return value == saved[value[0].epoch]

    return Target(files, read, right, (RunError,), names=(str(run),), mutate=mutate_json_or_bytes)


def make_events(folder: Path, records: Path) -> Target:
    """TensorBoard's events: of a damaged file the first ones are kept, up to the last epoch."""
    writer = tf.summary.create_file_writer(str(folder))
    for step in range(1, 7):
        with writer.as_default(step=step):
            tf.summary.scalar("loss", 0.5 * step)
    writer.close()
    (path,) = folder.glob("events*")

    def records_of(path: Path) -> list[bytes]:
        return list(tf.data.TFRecordDataset(str(path)).as_numpy_iterator())

    whole = [each for each in records_of(path) if Event.FromString(each).step <= 4]

    def read() -> list[bytes]:
        drop_events_after(folder, 4)
        return records_of(path)

    def right(value: list[bytes], path: Path, expected: object) -> bool:
        """A block that was doubled or moved may hold whole events."""
        return set(value) <= set(whole)

    return Target([path], read, right, ())


def make_weights(*, digest: bool) -> Callable[[Path, Path], Target]:
    """A file of weights, with its checksum or as Keras alone writes it."""

    def make(folder: Path, records: Path) -> Target:
        path = folder / "small.weights.h5"
        child = WeightsChild(path)
        if digest:
            child.load("add digest")

        def read() -> list[np.ndarray]:
            return child.load()

        def right(value: list[np.ndarray], path: Path, expected: list[np.ndarray]) -> bool:
            same = all(np.array_equal(*pair) for pair in zip(value, expected, strict=True))
            return same or (not digest and _holds(path, value))

        return Target(
            [path], read, right, (WeightsError,), end=child.end, cases=50, seconds=child.SECONDS
        )

    return make


def _holds(path: Path, value: list[np.ndarray]) -> bool:
    """Whether a file has these arrays, all finite, in some order."""
    stored = []

    def collect(name: str, item: h5py.Group | h5py.Dataset) -> None:
        if name.startswith(LAYERS) and isinstance(item, h5py.Dataset):
            stored.append(item[()])

    with h5py.File(path) as file:
        file.visititems(collect)
    if not all(np.all(np.isfinite(array)) for array in stored):
        return False
    return sorted(a.tobytes() for a in stored) == sorted(a.tobytes() for a in value)


TARGETS = {
    "state": make_state,
    "events": make_events,
    "weights": make_weights(digest=True),
    "weights-of-keras": make_weights(digest=False),
}
