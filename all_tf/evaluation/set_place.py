"""The set that is evaluated: its place in which records, and what limits metrics on it."""

from pathlib import Path

from all_tf.config.experiment import Experiment
from all_tf.data.pixel_digests import pixel_digests
from all_tf.data.splits import LoadedSet
from all_tf.evaluation.parent_stamps import parent_stamps
from all_tf.runs.checksums import unchanged
from all_tf.runs.folder import read_config
from all_tf.runs.report_header import SetPlace
from all_tf.runs.stamps import (
    stamps_of_classes,
    stamps_of_others,
    stamps_of_own,
    stamps_of_records,
)
from all_tf.runs.training_images import TRAINING_IMAGES_FILE, read_training_images
from tfrecords.class_names import class_names_of


def own_place(experiment: Experiment, facts: dict, split: str, fold: int | None) -> SetPlace:
    """A set of the records that a run was trained on."""
    limits = stamps_of_own(experiment, facts, split, fold)
    name = facts.get("records_name", "")
    return SetPlace(split, fold, facts["manifest_sha256"], limits, records_name=name)


def set_place(run: Path, loaded: LoadedSet, split: str, fold: int | None) -> SetPlace:
    """A set of any records, with what the run knows of its images.

    Args:
        run: A finished run.
        loaded: The set (`load_set`).
        split, fold: Its place in the records.
    """
    experiment, facts = read_config(run)
    if loaded.own:
        place = own_place(experiment, facts, split, fold)
    else:
        pixels = pixel_digests(loaded.cells.pngs.tolist(), title="images with the training images")
        unchanged(run / TRAINING_IMAGES_FILE)
        known = read_training_images(run)
        limits = stamps_of_others(known, pixels=pixels, patients=loaded.cells.patients.tolist())
        limits += stamps_of_classes(class_names_of(facts), loaded.cells.classes)
        place = SetPlace(split, fold, loaded.records_sha256, limits)
    limits = [*place.stamps, *parent_stamps(run, loaded, split, fold)]
    limits += stamps_of_records(loaded.records)
    # A run knows the name that its records had when it was trained.
    name = place.records_name or loaded.records_name
    return place._replace(stamps=list(dict.fromkeys(limits)), records_name=name)
