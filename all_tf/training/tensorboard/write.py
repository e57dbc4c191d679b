"""A finished run in TensorBoard: its settings, curves and pictures of its predictions."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from all_tf.metrics.per_patient import patient_rows
from all_tf.metrics.predictions import Predictions
from all_tf.metrics.scored_set import ScoredSet
from all_tf.runs.folder import EVENTS_FOLDER
from all_tf.runs.records_label import records_label
from all_tf.system.plain_text import public_name
from all_tf.system.progress import track
from all_tf.training.event_files import (
    SELECTION,
    TRAIN,
    drop_host_names,
    drop_results,
    result_writer,
)
from all_tf.training.prepared import Prepared
from all_tf.training.tensorboard.cell_images import write_batches, write_mistakes
from all_tf.training.tensorboard.hparams import write_session
from all_tf.training.tensorboard.projector import drop_feature_map, write_feature_map
from all_tf.training.tensorboard.score_table import write_results
from all_tf.training.tensorboard.scored_sets import role_of_records, write_set


def show_run(
    run: Path,
    prepared: Prepared,
    results: Mapping[str, tuple[Predictions, dict]],
    *,
    amount: str,
) -> None:
    """Write the results of a run, in place of those of an earlier process.

    They are in the entry of the selection set, or of the training where no epoch is chosen, so
    that a run has no further entry. Patients have pseudonyms, and no file name is written.

    Args:
        run: The run's folder; it already holds the event files of the epochs.
        prepared: The run; its model has the best weights.
        results: Predictions and report of the set that the epoch was chosen on, or of the training
            images where none is, first; then of the set that is scored once, if there is one. By
            what each is called.
        amount: A key of `AMOUNTS`.
    """
    folder = _entry(run, prepared)
    drop_results(folder)
    drop_feature_map(folder)
    sets = {
        role: ScoredSet(
            report, predictions, patient_rows(predictions, threshold=report["threshold"])
        )
        for role, (predictions, report) in results.items()
    }
    writer = result_writer(folder)
    with writer.as_default(step=_chosen_on(sets).report["best_epoch"]):
        parts = AMOUNTS[amount]
        for write in track(parts, "writing for TensorBoard", len(parts), unit="part"):
            write(run, prepared, sets)
    writer.close()
    drop_host_names(run / EVENTS_FOLDER)


Sets = Mapping[str, ScoredSet]


def _entry(run: Path, prepared: Prepared) -> Path:
    return run / EVENTS_FOLDER / (SELECTION if prepared.experiment.chooses else TRAIN)


def _chosen_on(sets: Sets) -> ScoredSet:
    return next(iter(sets.values()))


def _write_session(run: Path, prepared: Prepared, sets: Sets) -> None:
    run = run.resolve()  # It may be given as "." or "..".
    name = f"{public_name(run.parent)}/{run.name}"
    reports = {role_of_records(role, scored.report): scored.report for role, scored in sets.items()}
    write_session(prepared.experiment, reports, name=name)


def _write_sets(run: Path, prepared: Prepared, sets: Sets) -> None:
    write_results(sets)
    for role, scored in sets.items():
        write_set(scored, role=role)


def _write_mistakes(run: Path, prepared: Prepared, sets: Sets) -> None:
    write_mistakes(_chosen_on(sets), prepared.data.selection, prepared.experiment)


def _write_batches(run: Path, prepared: Prepared, sets: Sets) -> None:
    write_batches(prepared, of=records_label(_chosen_on(sets).report))


def _write_feature_map(run: Path, prepared: Prepared, sets: Sets) -> None:
    write_feature_map(_entry(run, prepared), prepared, _chosen_on(sets))


_NUMBERS = (_write_session, _write_sets)
# The choices of `--tensorboard`: what is written in addition to the metrics of each epoch.
AMOUNTS: dict[str, Sequence[Callable[[Path, Prepared, Sets], None]]] = {
    "scalars": _NUMBERS,
    "full": (*_NUMBERS, _write_mistakes, _write_batches, _write_feature_map),
}
