"""TensorBoard's event files: removal of events of epochs that are trained again."""

import re
from pathlib import Path

import tensorflow as tf
from tensorflow.core.util.event_pb2 import Event

from tfrecords.store.files import atomic_write

_PATTERN = "events.out.tfevents.*"
_WITH_HOST = re.compile(r"(events\.out\.tfevents\.\d+)\..+(\.\d+\.\d+\.v2)")


def drop_events_after(folder: Path, epoch: int) -> None:
    """Remove the events of later epochs, which are trained again and would be plotted twice.

    Everything else stays, with its times. An incomplete record at the end of a file is removed.

    Args:
        folder: The folder to search for event files, with all folders below; it need not exist.
        epoch: The last epoch to keep; it is the step of an event.
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


def drop_host_names(folder: Path) -> None:
    """Take the name of the machine out of the names of event files, which are handed on.

    Args:
        folder: The folder of the event files, with all folders below; nobody writes to them.
    """
    for path in sorted(folder.rglob(_PATTERN)):
        if parts := _WITH_HOST.fullmatch(path.name):
            path.rename(path.with_name(f"{parts[1]}.run{parts[2]}"))


def _read(path: Path) -> tuple[list[bytes], bool]:
    """Return the records before the first damaged one, and whether the file is undamaged."""
    records = []
    try:
        records.extend(tf.data.TFRecordDataset(str(path)).as_numpy_iterator())
    except tf.errors.DataLossError:
        return records, False
    return records, True
