"""The table of the study, one row an architecture, and the figures it reported."""

from all_tf.config import Experiment

# The study of 2021. Where it states no number of epochs the default stands (10).
EXPERIMENTS: dict[str, Experiment] = {
    "base_cnn": Experiment(
        "base_cnn", image_size=100, batch_size=60, epochs=1, learning_rate=1e-3, weights="none"
    ),
    "densenet169": Experiment(
        "densenet169", learning_rate=1e-3, augment=("hflip", "vflip"), imbalance="oversample"
    ),
    "efficientnetb0": Experiment(
        "efficientnetb0",
        learning_rate=1e-3,
        augment=("hflip", "vflip"),
        imbalance="oversample",
        crop=300,  # Its centre-cropped view: the cell at native scale.
    ),
}

# In per cent, weighted F1 where F1 is given. On which images they were measured it does not say.
REPORTED: dict[str, dict[str, float]] = {
    "base_cnn": {"accuracy": 63.6},
    "densenet169": {"f1": 73.7, "accuracy": 75.0, "kappa": 40.8},
    "efficientnetb0": {"f1": 77.6, "accuracy": 77.6, "kappa": 42.2},
}
