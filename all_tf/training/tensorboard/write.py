"""A finished run in TensorBoard: its settings, curves and pictures of its predictions."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import tensorflow as tf

from all_tf.metrics.per_patient import patient_rows
from all_tf.metrics.predictions import Predictions
from all_tf.metrics.scored_set import ScoredSet
from all_tf.runs.folder import EVENTS_FOLDER
from all_tf.runs.records_label import records_label
from all_tf.system.plain_text import public_name
from all_tf.system.progress import track
from all_tf.training.event_files import drop_events_of, drop_host_names
from all_tf.training.prepare import Prepared
from all_tf.training.tensorboard.cell_images import write_batches, write_mistakes
from all_tf.training.tensorboard.hparams import write_session
from all_tf.training.tensorboard.projector import drop_feature_map, write_feature_map
from all_tf.training.tensorboard.scored_sets import role_of_records, write_records_text, write_set


def show_run(
    run: Path,
    prepared: Prepared,
    results: Mapping[str, tuple[Predictions, dict]],
    *,
    amount: str,
) -> None:
    """Write the results of a run, in place of those of an earlier process.

    Patients have pseudonyms, and no file name is written.

    Args:
        run: The run's folder; it already holds the event files of the epochs.
        prepared: The run; its model has the best weights.
        results: Predictions and report of the set "selection", and of the set "held out" if there
            is one.
        amount: A key of `AMOUNTS`.
    """
    folder = run / EVENTS_FOLDER
    drop_events_of(folder)
    drop_feature_map(folder)
    sets = {
        role: ScoredSet(
            report, predictions, patient_rows(predictions, threshold=report["threshold"])
        )
        for role, (predictions, report) in results.items()
    }
    writer = tf.summary.create_file_writer(str(folder))
    with writer.as_default(step=sets["selection"].report["best_epoch"]):
        parts = AMOUNTS[amount]
        for write in track(parts, "writing for TensorBoard", len(parts), unit="part"):
            write(folder, prepared, sets)
    writer.close()
    drop_host_names(folder)


Sets = Mapping[str, ScoredSet]


def _write_session(folder: Path, prepared: Prepared, sets: Sets) -> None:
    run = folder.parent.resolve()  # It may be given as "." or "..".
    name = f"{public_name(run.parent)}/{run.name}"
    reports = {role_of_records(role, scored.report): scored.report for role, scored in sets.items()}
    write_session(prepared.experiment, reports, name=name)


def _write_sets(folder: Path, prepared: Prepared, sets: Sets) -> None:
    for role, scored in sets.items():
        write_set(scored, role=role)
        write_records_text(scored, role=role)


def _write_mistakes(folder: Path, prepared: Prepared, sets: Sets) -> None:
    write_mistakes(sets["selection"], prepared.data.selection, prepared.experiment)


def _write_batches(folder: Path, prepared: Prepared, sets: Sets) -> None:
    write_batches(prepared, of=records_label(sets["selection"].report))


def _write_feature_map(folder: Path, prepared: Prepared, sets: Sets) -> None:
    write_feature_map(folder, prepared, sets["selection"])


_NUMBERS = (_write_session, _write_sets)
# The choices of `--tensorboard`: what is written in addition to the metrics of each epoch.
AMOUNTS: dict[str, Sequence[Callable[[Path, Prepared, Sets], None]]] = {
    "scalars": _NUMBERS,
    "full": (*_NUMBERS, _write_mistakes, _write_batches, _write_feature_map),
}
