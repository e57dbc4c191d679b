"""The table of the study, the figures it reported, and the figures of others on the same cells."""

from typing import NamedTuple

from all_tf.config import Experiment

# The study of 2021, one row an architecture. Where it states no number of epochs the default
# stands (10). The rows beside the study's come last.
EXPERIMENTS: dict[str, Experiment] = {
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
    # Beside the study. The strongest without pretrained weights on 2,103 real cells, patients held
    # out by group; docs/decisions/0010 has what was tried.
    "scratch": Experiment(
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
    ),
    # The strongest recipe known with them: that of Prellberg and Kramer, 2019 (view, flips, turns
    # and shifts, rates from 1e-2 in the head to 1e-6 in the stem, 6 epochs of 16 images), on a
    # network of the study, with what helped `scratch`.
    "best": Experiment(
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


class Reported(NamedTuple):
    """What the study gave for a row, in per cent; F1 is weighted by class frequency."""

    accuracy: float
    f1: float | None = None
    kappa: float | None = None


# On which images they were measured the study does not say. Of googlenet it gave two runs; the
# first had an accuracy of 72.3.
REPORTED: dict[str, Reported] = {
    "base_cnn": Reported(63.6),
    "vgg16": Reported(58.3),
    "vgg19": Reported(59.2),
    "efficientnetb4": Reported(63.8),
    "efficientnetb5": Reported(62.8),
    "densenet121": Reported(65.3),
    "densenet161": Reported(70.8),
    "googlenet": Reported(75.3, f1=75.8, kappa=48.0),
    "efficientnetb3": Reported(74.5),
    "densenet169": Reported(75.0, f1=73.7, kappa=40.8),
    "resnet152": Reported(68.3, f1=68.3, kappa=30.2),
    "efficientnetb0": Reported(77.6, f1=77.6, kappa=42.2),
}


class Comparator(NamedTuple):
    """A figure that somebody else published on these cells, and how far it can be compared."""

    work: str
    tested_on: str
    f1: float  # In per cent.
    caveat: str


COMPARATORS: tuple[Comparator, ...] = (
    Comparator("Prellberg and Kramer, as the study cites it", "not stated", 88.0, ""),
    Comparator("Goswami et al., as the study cites it", "not stated", 93.0, ""),
    Comparator(
        "Prellberg and Kramer 2019",
        "preliminary phase",
        89.8,
        "patients disjoint; epoch chosen on the same set",
    ),
    Comparator("Prellberg and Kramer 2019", "final phase", 88.9, "patients disjoint"),
    Comparator(
        "Pan et al. 2019, first of the challenge",
        "final phase",
        91.0,
        "votes over neighbouring test cells, worth 4.2",
    ),
    Comparator("Mondal et al. 2021, ensemble", "preliminary phase", 88.6, "patients disjoint"),
)
