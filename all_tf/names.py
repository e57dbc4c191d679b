"""The words of the command line; imports nothing, so that --help answers at once."""

ARCHITECTURES = ("base_cnn", "densenet169", "efficientnetb0")
AUGMENTATIONS = ("hflip", "vflip", "random_crop", "rotate", "brightness", "contrast", "gamma")
STRATEGIES = ("none", "class_weights", "oversample")
PROTOCOLS = ("honest", "study")
SPLITS = ("validation", "test", "train")

# The figures of an epoch, best direction beside each. `--monitor` takes them on the selection set.
DIRECTIONS = {
    "loss": "min",
    "accuracy": "max",
    "f1": "max",
    "f1_macro": "max",
    "f1_all": "max",
    "kappa": "max",
    "mcc": "max",
    "balanced_accuracy": "max",
    "sensitivity": "max",
    "specificity": "max",
}
MONITORS = tuple(f"val_{key}" for key in DIRECTIONS)
