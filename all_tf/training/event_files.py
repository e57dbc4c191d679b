"""The event files of TensorBoard: writers, and the removal of what a resumed run writes again."""

import re
from contextlib import AbstractContextManager
from pathlib import Path

import tensorflow as tf
from tensorboard.plugins.custom_scalar.metadata import CONFIG_SUMMARY_TAG
from tensorflow.core.util.event_pb2 import Event

from tfrecords.store.files import atomic_write

TRAIN, SELECTION = "train", "selection"  # The entries of a run, one folder each.
FORMER_SELECTION = "validation"  # The name of the second one in runs of earlier versions.
STEPS = "steps/"  # Tags that begin so count steps of the training; all others count epochs.
PLAN = "plan"
_AT_START = (PLAN, CONFIG_SUMMARY_TAG)  # Written when a process begins, before its first epoch.
_RESULT = ".result.v2"  # The end of the name of a file that holds results, and no epoch.
_PATTERN = "events.out.tfevents.*"
_WITH_HOST = re.compile(r"(events\.out\.tfevents\.\d+)\..+(\.\d+\.\d+(?:\.result)?\.v2)")


class EventWriters:
    """The open event files of a training, one for each entry; they open when they are needed.

    Args:
        folder: Of the run's event files.
    """

    def __init__(self, folder: Path):
        self._folder = folder
        self._writers: dict[str, tf.summary.SummaryWriter] = {}

    def writing(self, entry: str, *, step: int) -> AbstractContextManager:
        """A context in which `tf.summary` writes to an entry, `TRAIN` or `SELECTION`."""
        if entry not in self._writers:
            self._writers[entry] = tf.summary.create_file_writer(str(self._folder / entry))
        return self._writers[entry].as_default(step=step)

    def flush(self) -> None:
        """Bring all events to the disk, so that TensorBoard shows them."""
        for writer in self._writers.values():
            writer.flush()

    def close(self) -> None:
        """Close all files."""
        for writer in self._writers.values():
            writer.close()


def result_writer(folder: Path) -> tf.summary.SummaryWriter:
    """A writer of what a run came to, whose files `drop_results` finds."""
    return tf.summary.create_file_writer(str(folder), filename_suffix=_RESULT)


def drop_events_after(folder: Path, epoch: int, *, steps_an_epoch: int = 1) -> None:
    """Remove the events of later epochs, which are trained again and would be plotted twice.

    The plan that a process wrote before such an epoch goes too. Everything else stays, with its
    times. An incomplete record at the end of a file is removed.

    Args:
        folder: The folder to search for event files, with all folders below; it need not exist.
        epoch: The last epoch to keep; it is the step of an event.
        steps_an_epoch: Number of steps in an epoch, for events whose tags begin with `STEPS`.
    """
    for path in sorted(folder.rglob(_PATTERN)):
        records, whole = _read(path)
        kept = [
            record
            for record in records
            if _is_kept(Event.FromString(record), epoch, steps_an_epoch)
        ]
        if not whole or len(kept) < len(records):
            with atomic_write(path) as partial, tf.io.TFRecordWriter(str(partial)) as writer:
                for record in kept:
                    writer.write(record)


def _is_kept(event: Event, epoch: int, steps_an_epoch: int) -> bool:
    tags = [value.tag for value in event.summary.value]
    if any(tag.startswith(STEPS) for tag in tags):
        return event.step <= epoch * steps_an_epoch
    if any(tag in _AT_START for tag in tags):
        return event.step < epoch
    return event.step <= epoch


def rename_former_entry(folder: Path) -> None:
    """Give the events of the selection set the name that they have now, so that charts go on.

    Args:
        folder: The folder of a run's event files; it need not exist.
    """
    former, today = folder / FORMER_SELECTION, folder / SELECTION
    if former.is_dir() and not today.exists():
        former.rename(today)


def drop_results(folder: Path) -> None:
    """Remove the files of `result_writer` in a folder, and not those of the epochs."""
    for path in folder.glob(f"{_PATTERN}{_RESULT}"):
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
