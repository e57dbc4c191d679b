"""What a new run takes over from the run that it begins from: the network, or all of its state."""

import shutil
from pathlib import Path
from typing import NamedTuple

from all_tf.config.experiment import Experiment
from all_tf.data.splits import Data
from all_tf.evaluation.parent_stamps import stamps_of_cells
from all_tf.runs.checksums import SUMS_FILE, unchanged
from all_tf.runs.folder import EVENTS_FOLDER, HISTORY_FILE, RunError, read_config, set_name
from all_tf.runs.history_file import read_history
from all_tf.runs.parent import Parent, read_parent
from all_tf.runs.records_digest import RecordsDigest
from all_tf.runs.stamps import CHOSEN_BY_PARENT, PARENT_UNKNOWN, selection_set
from all_tf.runs.training_images import (
    PARENT_IMAGES_FILE,
    UsedImage,
    by_use,
    read_used_images,
    write_training_images,
)
from all_tf.training.checkpoint import adopt_state, last_state
from all_tf.training.event_files import FORMER_SELECTION, SELECTION, TRAIN, drop_results
from builders.hdf5_weights import WeightsError
from tfrecords.class_names import are_turned
from tfrecords.names import legible
from tfrecords.store.manifest import digest_file

AS_ONE = "as one run of that many epochs"
SAME_BITS = "bit for bit where --deterministic is set"
OTHER_SCHEDULE = (
    "weights, moments of the optimizer, averages, history and the best epoch are carried over, but "
    "the learning rate follows the longer schedule from here on only"
)


class Descent(NamedTuple):
    """What a new run notes, and takes over, of the run that it begins from."""

    facts: dict  # For config.json.
    images: list[UsedImage]  # All that the runs before have used.
    begun: Path | None = None  # The finished run that it goes on with.

    def leave_in(self, run: Path) -> Path | None:
        """Write parent_images.csv and the state to go on from, as far as there are such.

        Args:
            run: The new run, with its config.json.

        Returns:
            The state; None to begin at the first epoch.
        """
        if self.images:
            write_training_images(run, self.images, file=PARENT_IMAGES_FILE)
        if self.begun is None:
            return None
        for name in (TRAIN, SELECTION, FORMER_SELECTION):
            if (events := self.begun / EVENTS_FOLDER / name).is_dir():
                shutil.copytree(events, run / EVENTS_FOLDER / name)
                drop_results(run / EVENTS_FOLDER / name)
        return adopt_state(self.begun, run)


def find_descent(
    experiment: Experiment,
    data: Data,
    records: Path,
    digest: RecordsDigest,
    *,
    begun: Path | None = None,
) -> Descent:
    """Find the run that is gone on with, or what `--weights` names and what that has learnt from.

    Args:
        experiment: Settings of the training.
        data: Its cells.
        records: Its records directory.
        digest: Of these records.
        begun: The finished run that is gone on with; None where none is.

    Raises:
        RunError, ConfigError: The run cannot be begun from (`read_parent`, `last_state`).
    """
    if begun is not None:
        return _going_on(experiment, begun)
    parent = read_parent(experiment)
    if parent is None:
        return Descent({}, [])
    learnt = parent.classes
    if learnt is not None and are_turned(learnt, data.fit.classes):
        raise RunError(
            f"{parent.place} calls {learnt.positive} positive, which is the negative class here, "
            "so that its last layer says the opposite. Pack the images again with another "
            "--positive, or name another run."
        )
    sets = {set_name(*selection_set(experiment)): data.selection}
    if data.held_out is not None:
        sets["validation"] = data.held_out
    same = parent.facts["manifest_sha256"] == digest.manifest_sha256
    known = by_use(parent.images)
    unknown = [PARENT_UNKNOWN] * (not parent.knows_all)
    stamps = {
        name: stamps_of_cells(cells, records, known, same_records=same) + unknown
        for name, cells in sets.items()
    }
    own = stamps[set_name(*selection_set(experiment))]
    if experiment.chooses and CHOSEN_BY_PARENT in own:
        own.remove(CHOSEN_BY_PARENT)  # The new run chooses on it, too.
    print(_describe(parent, stamps), flush=True)
    return Descent({"parent": {**parent.facts, "stamps": stamps}}, parent.images)


def _going_on(experiment: Experiment, begun: Path) -> Descent:
    before, facts = read_config(begun)
    last_state(begun)  # Whether it is whole, before anything is written.
    epoch = len(read_history(unchanged(begun / HISTORY_FILE)))
    steady = experiment.epochs == before.epochs or experiment.schedule == "constant"
    as_one = f"{AS_ONE}, {SAME_BITS}" if steady else f"not {AS_ONE}: {OTHER_SCHEDULE}"
    print(f"goes on with {begun} after its epoch {epoch}, as a new run: {as_one}", flush=True)
    noted = {
        "run": legible(begun.resolve().name),
        "epoch": epoch,
        "run_sha256": digest_file(begun / SUMS_FILE),
        "as_one": as_one,
    }
    parent = {"parent": facts["parent"]} if "parent" in facts else {}
    images = read_used_images(begun, file=PARENT_IMAGES_FILE) or []
    return Descent(parent | {"continues": noted}, images, begun)


def require_same_parent(run: Path, experiment: Experiment) -> None:
    """Raise where a run that begins at its first epoch would begin from another network now.

    Raises:
        RunError: The parent was trained again since the run was started, or was changed.
        WeightsError: It is no longer there.
    """
    noted = read_config(run)[1].get("parent")
    if noted is None:
        return
    parent = read_parent(experiment)
    if parent is None:
        raise WeightsError(
            f"No such file of weights: {experiment.weights}, from which {run} was started. Restore "
            "it, or start a new run."
        )
    if parent.facts["weights_sha256"] != noted["weights_sha256"]:
        raise RunError(
            f"{experiment.weights} is not the network that {run} was started from (SHA-256). "
            "Restore it, or start a new run."
        )


def _describe(parent: Parent, stamps: dict[str, list[str]]) -> str:
    lines = [f"parent: {parent.place}, trained on {parent.facts['records'] or 'unknown records'}"]
    lines += [
        f"  WARNING: metrics on {name} will not be honest, or may not be: {'; '.join(found)}"
        for name, found in stamps.items()
        if found
    ]
    return "\n".join(lines)
