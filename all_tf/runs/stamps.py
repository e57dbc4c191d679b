"""Caveats of a run's metrics (its `stamps`), from how the run has used the images."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from all_tf.config.experiment import Experiment
from all_tf.runs.folder import set_name
from all_tf.runs.training_images import TrainingImages
from tfrecords.class_names import ClassNames
from tfrecords.store.leakage import OFFICIAL
from tfrecords.store.manifest import read_manifest

OPTIMISTIC = "optimistic"
LEARNT_BY_PARENT = "learnt by its parent"
CHOSEN_BY_PARENT = "selection set of its parent"
CHOSEN_AMONG = "chosen among "  # The number of trials follows.
PARENT_UNKNOWN = "training images of its parent unknown"


def selection_set(experiment: Experiment) -> tuple[str, int | None]:
    """Split and fold on which the epoch is chosen; a fold of None means all of the split.

    Where no epoch is chosen, the split that the run has learnt from.
    """
    return ("train", experiment.fold) if experiment.protocol == "honest" else ("validation", None)


def evaluated_on(experiment: Experiment, records: Path) -> tuple[str, int | None]:
    """Split and fold that a run is evaluated on by default: the split validation.

    Where the records have no such split, the selection set, whose metrics are optimistic.
    """
    if "validation" in read_manifest(records)["splits"]:
        return "validation", None
    return selection_set(experiment)


def selected_on(experiment: Experiment) -> str:
    """What the epoch was chosen on, in words."""
    if not experiment.chooses:
        return "the folds of its cross-validation"
    return set_name(*selection_set(experiment))


def stamps(experiment: Experiment, split: str, fold: int | None, *, folds: str) -> list[str]:
    """Caveats of metrics on a set, from how the run has used its images.

    Args:
        experiment: Of the run.
        split: Of the set that is scored.
        fold: Of the training split; None for all of a split.
        folds: How the run's folds were made.

    Returns:
        "optimistic" where the epoch was chosen on images of it, "resubstitution" where the network
        was trained on images of it, "leaky folds" where the run's folds divide patients; nothing
        for images that a run under the held-out protocol ("honest") has never seen.
    """
    chosen_split, chosen_fold = selection_set(experiment)
    meets_chosen = split == chosen_split and (chosen_fold is None or fold in (None, chosen_fold))
    optimistic = experiment.chooses and meets_chosen
    resubstitution = split == "train" and (chosen_fold is None or fold != chosen_fold)
    return (
        [OPTIMISTIC] * optimistic
        + ["resubstitution"] * resubstitution
        + ["leaky folds"] * (folds == OFFICIAL)
    )


def stamps_of_own(
    experiment: Experiment, facts: Mapping, split: str, fold: int | None
) -> list[str]:
    """Caveats of metrics on a set of a run's own records, as far as they follow from config.json.

    Args:
        experiment: Of the run.
        facts: The other entries of its config.json.
        split, fold: The set.
    """
    of_parent = facts.get("parent", {}).get("stamps", {}).get(set_name(split, fold), [])
    own = stamps(experiment, split, fold, folds=facts["folds"])
    return [*own, *of_parent, *stamps_of_sweep(facts)]


def stamps_of_others(
    known: TrainingImages | None, *, pixels: Iterable[str], patients: Iterable[str]
) -> list[str]:
    """Caveats of metrics on records that a run was not trained on.

    Args:
        known: The images that the run has used; None if they are unknown.
        pixels: Digests of the images that are scored.
        patients: Their patients.

    Returns:
        "resubstitution" where an image has the pixels of a training image, "optimistic" where it
        has those of an image that the epoch was chosen on; "patient ids of the training set", or
        "of the selection set", where only ids are equal; "training images unknown" for a run of an
        earlier version, whose training images nobody can compare.
    """
    if known is None:
        return ["training images unknown"]
    pixels, ids = set(pixels), set(patients) - {""}
    same_images = ["resubstitution"] * (not known.pixels.isdisjoint(pixels))
    same_images += [OPTIMISTIC] * (not known.chosen.isdisjoint(pixels))
    if same_images:
        return same_images
    if known.patients & ids:
        return ["patient ids of the training set"]
    return ["patient ids of the selection set"] if known.chosen_patients & ids else []


def stamps_of_classes(learnt: ClassNames, scored: ClassNames) -> list[str]:
    """The caveat of metrics on cells of other classes than those that the run was trained on.

    Args:
        learnt: The classes of the run.
        scored: Those of the records that are scored; the positive one is compared with the
            positive one.
    """
    one, other = ([name.lower() for name in names] for names in (learnt, scored))
    return ["other classes"] * (one != other)


def stamps_of_parent(
    known: TrainingImages,
    *,
    pixels: Iterable[str],
    patients: Iterable[str],
    same_records: bool,
) -> list[str]:
    """Caveats of metrics on images that the run which a run began from may have learnt from.

    Args:
        known: What that run has used, and the run that it began from in turn.
        pixels: Digests of the images that are scored.
        patients: Their patients, with all other ids of the same people.
        same_records: Whether both runs have the same records, where equal ids are the same person.

    Returns:
        "learnt by its parent" where an image has the pixels, or the person, of an image that the
        parent was trained on; "selection set of its parent" where it has those of an image that the
        parent's epoch was chosen on; "patient ids of its parent" where only ids are equal, in other
        records.
    """
    pixels, ids = set(pixels), set(patients) - {""}
    learnt, chosen = bool(known.patients & ids), bool(known.chosen_patients & ids)
    found = [LEARNT_BY_PARENT] * (not known.pixels.isdisjoint(pixels) or (learnt and same_records))
    if not known.chosen.isdisjoint(pixels) or (chosen and same_records):
        found.append(CHOSEN_BY_PARENT)
    return found or ["patient ids of its parent"] * (learnt or chosen)


def stamps_of_calibration(fitted_on: TrainingImages, *, patients: Iterable[str]) -> list[str]:
    """Caveats of metrics by a calibration that was fitted on other cells.

    Args:
        fitted_on: Its images; none of them is scored.
        patients: Of the images that are scored.
    """
    same_ids = fitted_on.patients & (set(patients) - {""})
    return ["patient ids of its calibration"] if same_ids else []


def stamps_of_sweep(facts: Mapping) -> list[str]:
    """The caveat of a run whose settings are those of a trial of a sweep: how many were tried.

    A run that began from such a one has it, too.

    Args:
        facts: The entries of the run's config.json other than the experiment.
    """
    sweep = sweep_of(facts)
    return [f"{CHOSEN_AMONG}{sweep['trials']} trials"] if sweep else []


def sweep_of(facts: Mapping) -> Mapping | None:
    """The sweep of which a run, or one that it began from, is a trial; None where there is none."""
    return facts.get("sweep") or facts.get("parent", {}).get("sweep")


def stamps_of_records(records: Path) -> list[str]:
    """Caveats of metrics on any image of a records directory."""
    return ["each image its own patient"] * read_manifest(records)["patient_per_image"]
