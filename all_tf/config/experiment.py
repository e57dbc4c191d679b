"""Settings that change a result: the experiment and the view of a cell, as frozen dataclasses."""

from dataclasses import dataclass, fields

from all_tf.config import choices
from all_tf.system.arguments import MAX_SEED
from all_tf.system.checks import ConfigError, at_least, at_most, between, of_type, one_of

NATIVE_SIDE = 450  # Side of a published image, pixels.
_MOST_PIXELS = 2048  # A side: more than any network takes, and still little memory.
_MOST_IMAGES = 65536  # A batch: a last batch is filled up to its size.
_MOST_EPOCHS = 1_000_000
_MOST_MINUTES = 525_600  # A year.
_CROP_MARGIN = 8 / 7  # Cached image to random crop: 256 to 224, as is usual on ImageNet.


@dataclass(frozen=True)
class View:
    """Crop and scale of a cell: image of 450 px -> canvas (cached) -> output (for the network).

    Training, evaluation, explanation and export share one view. The central `crop` of the image is
    resized to the canvas. Training crops the output anywhere in the canvas; evaluation takes its
    centre.
    """

    crop: int  # Side of the crop at native scale, pixels.
    canvas: int  # Side of the cached image, pixels.
    output: int  # Side of the network's input, pixels.

    @property
    def window(self) -> slice:
        """Of rows and of columns of the canvas: its centre, which evaluation sees."""
        margin = (self.canvas - self.output) // 2
        return slice(margin, margin + self.output)


# Settings that came with later versions, in their order. A file of settings lacks none of those
# that there were when it was written, so that a new setting is added here, too, as the last.
LATER_SETTINGS = (
    (
        *("loss", "label_smoothing", "optimizer", "weight_decay", "schedule", "warmup_epochs"),
        *("freeze_epochs", "layer_decay", "dropout", "ema", "patience"),
    ),
    ("min_sensitivity",),
    ("precision",),
    ("last_epoch",),
    ("max_minutes",),
    ("score_held_out",),
)


@dataclass(frozen=True)
class Experiment:
    """The settings of one training: equal experiments on equal records give equal results.

    The exception is `max_minutes`: how far a training gets in its time depends on the machine.
    """

    arch: str
    image_size: int = 300  # Side of the network's input, pixels.
    batch_size: int = 32  # Over all devices.
    epochs: int = 10  # Length of the learning rate's schedule.
    last_epoch: int | None = None  # Training ends after it, within the schedule; None: at `epochs`.
    learning_rate: float = 1e-3
    augment: tuple[str, ...] = ()
    imbalance: str = "none"
    crop: int = NATIVE_SIDE  # Side of the central crop of the image, pixels at native scale.
    weights: str = "imagenet"  # Or "none", a file *.weights.h5, or a run's folder.
    loss: str = "weighted_bce"
    label_smoothing: float = 0.0  # Labels become this / 2 and 1 - this / 2.
    optimizer: str = "adam"
    weight_decay: float = 0.0  # Of kernels; decoupled under adamw, in the gradient otherwise.
    schedule: str = "constant"  # Of the learning rate, after the warm-up.
    warmup_epochs: int = 0  # First epochs, in which the learning rate rises from 0.
    freeze_epochs: int = 0  # First epochs, in which only the head learns; all: a linear probe.
    layer_decay: float = 1.0  # Learning rate of a stage / that of the next, deeper stage.
    dropout: float = 0.0  # Before the last layer.
    ema: float = 0.0  # Decay of averaged weights, which are validated and saved; 0: no averages.
    precision: str = "float32"  # Of the layers between preprocessing and head.
    patience: int | None = None  # Epochs without improvement before training ends.
    # Training ends after so long, within an epoch if need be: equal experiments then differ.
    max_minutes: float | None = None
    protocol: str = "honest"  # The held-out protocol, or the study's.
    fold: int | None = 0  # Held out to choose the epoch on, if "honest"; None: no fold.
    score_held_out: bool = True  # If not, no file of the held-out set is opened.
    monitor: str = "val_kappa"
    min_sensitivity: float = 0.0  # Rule for the threshold; 0: the one of the highest kappa.
    seed: int = 0
    limit_train: int | None = None  # Images; None for all.
    limit_validation: int | None = None

    def __post_init__(self):
        for field in fields(self):
            of_type(field.name, getattr(self, field.name), field.type)
        one_of("arch", self.arch, choices.ARCHITECTURE_NAMES)
        one_of("imbalance", self.imbalance, choices.STRATEGY_NAMES)
        one_of("protocol", self.protocol, choices.PROTOCOLS)
        one_of("monitor", self.monitor, choices.MONITORS)
        one_of("loss", self.loss, choices.LOSS_NAMES)
        one_of("optimizer", self.optimizer, choices.OPTIMIZER_NAMES)
        one_of("precision", self.precision, choices.PRECISIONS)
        one_of("schedule", self.schedule, choices.SCHEDULE_NAMES)
        for name in self.augment:
            one_of("augment", name, choices.AUGMENTATIONS)
        between("image_size", self.image_size, 32, _MOST_PIXELS)
        at_least("batch_size", self.batch_size, 1)
        at_most("batch_size", self.batch_size, _MOST_IMAGES)
        at_least("epochs", self.epochs, 1)
        at_most("epochs", self.epochs, _MOST_EPOCHS)
        at_least("fold", self.fold, 0)
        if self.last_epoch is not None:
            between("last_epoch", self.last_epoch, 1, self.epochs)
        at_least("seed", self.seed, 0)
        at_most("seed", self.seed, MAX_SEED)
        at_least("limit_train", self.limit_train, 2)
        at_least("limit_validation", self.limit_validation, 2)
        at_least("patience", self.patience, 1)
        if self.max_minutes is not None:
            between("max_minutes", self.max_minutes, 1e-3, _MOST_MINUTES)
        between("learning_rate", self.learning_rate, 1e-12, 1e3)
        between("crop", self.crop, 32, NATIVE_SIDE)
        between("label_smoothing", self.label_smoothing, 0, 0.9)
        between("weight_decay", self.weight_decay, 0, 1)
        self._refuse_first_epochs("warmup_epochs", most=self.epochs - 1)
        self._refuse_first_epochs("freeze_epochs", most=self.epochs)
        between("layer_decay", self.layer_decay, 1e-3, 1)
        between("dropout", self.dropout, 0, 0.9)
        between("ema", self.ema, 0, 0.99999)
        between("min_sensitivity", self.min_sensitivity, 0, 1)
        self._refuse_augmented_probe()
        self._refuse_study_without_its_set()

    def _refuse_study_without_its_set(self):
        if self.protocol == "study" and not self.score_held_out:
            raise ConfigError(
                "Protocol study chooses its epoch on the only set that could be held out. Leave "
                "out --no-held-out. Received: protocol='study', score_held_out=False"
            )

    def _refuse_first_epochs(self, name: str, *, most: int):
        value, option = getattr(self, name), f"--{name.replace('_', '-')}"
        if not 0 <= value <= most:
            less = " or less" * (most > 0)
            raise ConfigError(
                f"Expected {name} of 0 to {most}, as epochs is {self.epochs}. Pass {option} {most}"
                f"{less}, or more --epochs. Received: {name}={value}"
            )

    def _refuse_augmented_probe(self):
        if self.is_linear_probe and self.augment:
            raise ConfigError(
                "Where all epochs are frozen, the features of each cell are computed once, of the "
                "cell as it is. Pass --augment none, or fewer --freeze-epochs. Received: "
                f"augment={','.join(self.augment)}, freeze_epochs={self.freeze_epochs}, "
                f"epochs={self.epochs}"
            )

    @property
    def chooses(self) -> bool:
        """Whether the best epoch is chosen; if not, the last is kept and no image is held out."""
        return self.protocol != "honest" or self.fold is not None

    @property
    def is_linear_probe(self) -> bool:
        """Whether only the head ever learns, from features that are computed once."""
        return self.freeze_epochs == self.epochs

    @property
    def frozen_first(self) -> int:
        """Number of epochs before the whole network learns; 0 where it never does."""
        return 0 if self.is_linear_probe else self.freeze_epochs

    @property
    def view(self) -> View:
        """The view of a cell; the canvas is larger than the output only for random crops."""
        margin = _CROP_MARGIN if "random_crop" in self.augment else 1
        return View(self.crop, round(self.image_size * margin), self.image_size)
