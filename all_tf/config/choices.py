"""Choices of command-line options; imports nothing heavy, so that --help is fast."""

from builders.architecture_info import CATALOGUE

ARCHITECTURE_NAMES = tuple(CATALOGUE)
AUGMENTATIONS = (
    "hflip",
    "vflip",
    "random_crop",
    "rotate",
    "translate",
    "brightness",
    "contrast",
    "gamma",
    "randaugment",
    "mixup",
    "cutmix",
)
BACKENDS = ("tensorflow", "jax")  # Of Keras.
LOSS_NAMES = ("weighted_bce", "focal")
OPTIMIZER_NAMES = ("adam", "adamw", "sgd")
SCHEDULE_NAMES = ("constant", "cosine")
STRATEGY_NAMES = ("none", "class_weights", "oversample", "balance_groups")
PROTOCOLS = ("honest", "study")
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
JITS = ("auto", "on", "off")
TENSORBOARD = ("scalars", "full")
SPLITS_TO_EVALUATE = ("validation", "test", "train")
TTA = (1, 8)  # How many ways of laying an image are averaged when it is scored.

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
