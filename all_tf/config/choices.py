"""Choices of command-line options; imports nothing heavy, so that --help is fast."""

from all_tf.metrics.registry import METRICS
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
EXPORT_FORMATS = ("keras", "savedmodel", "onnx", "litert")
QUANTIZATIONS = ("float16", "int8")  # Of "litert".
SPLITS_TO_EVALUATE = ("validation", "test", "train")
TTA = (1, 8)  # How many ways of laying an image are averaged when it is scored.

# The metrics of an epoch, and which direction is better. `--monitor` takes them on the selection
# set.
DIRECTIONS = {key: str(metric.direction) for key, metric in METRICS.items() if metric.streamed}
MONITORS = tuple(f"val_{key}" for key in DIRECTIONS)
ANSWER_FORMATS = ("csv", "json")
