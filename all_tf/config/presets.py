"""The rows of the study and those beside it, and how an experiment departs from its row."""

from dataclasses import fields

from all_tf.config.experiment import Experiment
from builders.architecture_info import CATALOGUE

# The study of 2021 in its order, one row an architecture. Where it states no number of epochs the
# default stands (10).
STUDY: dict[str, Experiment] = {
    "base_cnn": Experiment(
        "base_cnn", image_size=100, batch_size=60, epochs=1, learning_rate=1e-3, weights="none"
    ),
    "vgg16": Experiment(
        "vgg16", image_size=128, batch_size=512, epochs=20, augment=("hflip", "vflip")
    ),
    "vgg19": Experiment(
        "vgg19", image_size=128, batch_size=512, epochs=20, augment=("hflip", "vflip")
    ),
    "efficientnetb4": Experiment(
        "efficientnetb4",
        epochs=7,
        augment=("hflip", "vflip", "brightness", "contrast"),
        imbalance="oversample",
    ),
    "efficientnetb5": Experiment(
        "efficientnetb5",
        epochs=7,
        augment=("hflip", "vflip", "brightness", "contrast"),
        imbalance="oversample",
    ),
    "efficientnetb7": Experiment(  # Listed without settings; those of B5.
        "efficientnetb7",
        epochs=7,
        augment=("hflip", "vflip", "brightness", "contrast"),
        imbalance="oversample",
    ),
    "densenet121": Experiment(
        "densenet121", epochs=2, learning_rate=1e-4, augment=("random_crop", "hflip")
    ),
    "densenet161": Experiment(
        "densenet161",
        image_size=100,
        epochs=5,
        learning_rate=1e-4,
        augment=("random_crop", "hflip"),
    ),
    "googlenet": Experiment(
        "googlenet",
        image_size=200,
        learning_rate=1e-4,
        augment=("random_crop", "hflip", "vflip"),
    ),
    "efficientnetb3": Experiment(
        "efficientnetb3",
        image_size=200,
        augment=("random_crop", "hflip", "vflip", "gamma", "brightness", "contrast"),
        imbalance="class_weights",
    ),
    "densenet169": Experiment("densenet169", augment=("hflip", "vflip"), imbalance="oversample"),
    "resnet152": Experiment("resnet152", augment=("hflip", "vflip"), imbalance="oversample"),
    "efficientnetb0": Experiment(
        "efficientnetb0",
        augment=("hflip", "vflip"),
        imbalance="oversample",
        crop=300,  # Its centre-cropped view: the cell at native scale.
    ),
}

# The strongest without pretrained weights on 2,103 real cells, patients held out by group;
# docs/decisions/0010 has what was tried.
_SCRATCH = Experiment(
    "cellnet",
    image_size=128,
    crop=300,
    epochs=6,
    learning_rate=2e-3,
    augment=("hflip", "vflip", "rotate", "contrast", "gamma"),
    imbalance="balance_groups",
    weights="none",
    label_smoothing=0.1,
    optimizer="adamw",
    weight_decay=0.05,
    schedule="cosine",
    warmup_epochs=1,
    dropout=0.2,
    ema=0.995,
)

BESIDE_STUDY: dict[str, Experiment] = {
    "scratch": _SCRATCH,
    "best": _SCRATCH,  # What those folds say of all that was measured; docs/decisions/0028.
    # The strongest recipe published with pretrained weights, on all patients; on those folds it
    # lies below `scratch`. It is that of Prellberg and Kramer, 2019 (view, flips, turns and
    # shifts, rates from 1e-2 in the head to 1e-6 in the stem, 6 epochs of 16 images), on a network
    # of the study, with what helped `scratch`.
    "transfer": Experiment(
        "densenet121",
        image_size=300,
        crop=300,
        batch_size=16,
        epochs=6,
        learning_rate=1e-2,
        augment=("hflip", "vflip", "rotate", "translate", "contrast", "gamma"),
        imbalance="balance_groups",
        label_smoothing=0.1,
        schedule="cosine",
        warmup_epochs=1,
        freeze_epochs=1,
        layer_decay=0.2,
        dropout=0.2,
        ema=0.995,
    ),
}

# All rows that --experiment names.
EXPERIMENTS: dict[str, Experiment] = STUDY | BESIDE_STUDY


def find_row(arch: str) -> Experiment | None:
    """The first row that trains an architecture, the study's before others; None without one."""
    return next((row for row in EXPERIMENTS.values() if row.arch == arch), None)


def default_experiment(arch: str) -> Experiment:
    """The settings of an architecture that has no row.

    Args:
        arch: A key of `CATALOGUE`.

    Returns:
        The defaults of `Experiment`, with images of the size of its pretraining, but none larger
        than the default, and ImageNet weights where they are published.
    """
    size = CATALOGUE[arch].pretrained_at or Experiment.image_size
    weights = "imagenet" if CATALOGUE[arch].url else "none"
    return Experiment(arch, image_size=min(size, Experiment.image_size), weights=weights)


def departures(name: str, experiment: Experiment) -> dict[str, object]:
    """The fields in which an experiment is not the table's row of that name, with their values."""
    differing = differing_fields(experiment, EXPERIMENTS[name])
    return {key: there for key, (there, _) in differing.items()}


def differing_fields(one: Experiment, other: Experiment) -> dict[str, tuple[object, object]]:
    """The fields in which two experiments differ, with the value of each."""
    pairs = {f.name: (getattr(one, f.name), getattr(other, f.name)) for f in fields(Experiment)}
    return {key: (there, here) for key, (there, here) in pairs.items() if there != here}
