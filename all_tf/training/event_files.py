"""TensorBoard's event files, cut back to the epochs that count."""

from pathlib import Path

import tensorflow as tf
from tensorflow.core.util.event_pb2 import Event

from tfrecords.store.files import atomic_write

_PATTERN = "events.out.tfevents.*"


def drop_events_after(folder: Path, epoch: int) -> None:
    """Remove what was noted of later epochs, so that they are not drawn twice when they come again.

    Everything else stays as it is, times included. A tail that a kill has cut off goes too.

    Args:
        folder: Searched for event files, folders below included; need not exist.
        epoch: The last that counts; events carry it as their step.
    """
    for path in sorted(folder.rglob(_PATTERN)):
        records, whole = _read(path)
        kept = [record for record in records if Event.FromString(record).step <= epoch]
        if not whole or len(kept) < len(records):
            with atomic_write(path) as partial, tf.io.TFRecordWriter(str(partial)) as writer:
                for record in kept:
                    writer.write(record)


def drop_events_of(folder: Path) -> None:
    """Remove the event files of a folder, but not those of folders below; it need not exist."""
    for path in folder.glob(_PATTERN):
        path.unlink()


def _read(path: Path) -> tuple[list[bytes], bool]:
    """The records up to the first damaged one, and whether there is none."""
    records = []
    try:
        records.extend(tf.data.TFRecordDataset(str(path)).as_numpy_iterator())
    except tf.errors.DataLossError:
        return records, False
    return records, True
