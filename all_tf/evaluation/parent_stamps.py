"""What limits metrics on cells that the run which a run began from may have learnt from."""

from pathlib import Path

from all_tf.data.cells import Cells
from all_tf.data.pixel_digests import pixel_digests
from all_tf.data.splits import LoadedSet
from all_tf.runs.checksums import unchanged
from all_tf.runs.folder import read_config, set_name
from all_tf.runs.stamps import PARENT_UNKNOWN, stamps_of_parent
from all_tf.runs.training_images import PARENT_IMAGES_FILE, TrainingImages, read_training_images
from tfrecords.store.index import read_index

_NOTHING = TrainingImages(frozenset(), frozenset())


def stamps_of_cells(
    cells: Cells, records: Path, known: TrainingImages, *, same_records: bool
) -> list[str]:
    """Compare cells with the training images of a parent, by pixels and by patients.

    Args:
        cells: Of a set.
        records: The records directory that holds them.
        known: The parent's training images.
        same_records: Whether the parent was trained on these records.
    """
    pixels = pixel_digests(cells.pngs.tolist(), title="images with the parent's")
    patients = set(cells.patients.tolist())
    if same_records:  # Ids that are one person: one may be in this set, another in the parent's.
        groups = set(cells.groups.tolist())
        patients |= {row.patient for row in read_index(records) if row.group in groups}
    return stamps_of_parent(known, pixels=pixels, patients=patients, same_records=same_records)


def parent_stamps(run: Path, loaded: LoadedSet, split: str, fold: int | None) -> list[str]:
    """Caveats of metrics of a run on any set, by what its parent was trained on.

    Args:
        run: A finished run; one that began from no other has none of these caveats.
        loaded: The set (`load_set`).
        split, fold: Its place in the records.
    """
    experiment, facts = read_config(run)
    if (parent := facts.get("parent")) is None:
        return []
    noted = parent["stamps"].get(set_name(split, fold))
    if loaded.own and noted is not None and experiment.limit_validation is None:
        return noted  # Of all images of the set.
    unchanged(run / PARENT_IMAGES_FILE)
    known = read_training_images(run, file=PARENT_IMAGES_FILE)
    unknown = known is None or any(PARENT_UNKNOWN in each for each in parent["stamps"].values())
    same = loaded.records_sha256 == parent["manifest_sha256"]
    found = stamps_of_cells(loaded.cells, loaded.records, known or _NOTHING, same_records=same)
    return found + [PARENT_UNKNOWN] * unknown
