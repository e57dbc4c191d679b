"""What changes a result: the experiment and the view of a cell, frozen."""

from dataclasses import dataclass, fields

from all_tf.config import choices
from all_tf.system.checks import at_least, between, of_type, one_of

SLIDE_SIDE = 450  # Pixels of a published image.
_MOST_PIXELS = 2048  # A side: far beyond every network's, and still no attack on the memory.
_CROP_MARGIN = 8 / 7  # Of a canvas around a random crop: 256 around 224, as ImageNet has it.


@dataclass(frozen=True)
class View:
    """How a cell is cut out and scaled: slide -> canvas (cached) -> output (what a network sees).

    Training, evaluation, explanation and export share one view. The central `crop` of the slide is
    resized to the canvas. Training crops the output from anywhere in the canvas; evaluation takes
    the centre.
    """

    crop: int  # Side at native scale, pixels.
    canvas: int  # Side that is cached, pixels.
    output: int  # Side that the network sees, pixels.


@dataclass(frozen=True)
class Experiment:
    """One training, in full: two equal experiments on equal records give equal results."""

    arch: str
    image_size: int = 300  # Side that the network sees, pixels.
    batch_size: int = 32  # Over all devices.
    epochs: int = 10  # Over which the learning rate has its schedule.
    last_epoch: int | None = None  # After which training ends all the same; None for the last.
    learning_rate: float = 1e-3
    augment: tuple[str, ...] = ()
    imbalance: str = "none"
    crop: int = SLIDE_SIDE  # Side of the cell's surroundings that is kept, pixels at native scale.
    weights: str = "imagenet"  # Or "none", or a file *.weights.h5.
    loss: str = "weighted_bce"
    label_smoothing: float = 0.0  # Labels become this / 2 and 1 - this / 2.
    optimizer: str = "adam"
    weight_decay: float = 0.0  # Of kernels; decoupled under adamw, in the gradient otherwise.
    schedule: str = "constant"  # Of the learning rate, after the warm-up.
    warmup_epochs: int = 0  # In which the learning rate rises from 0.
    freeze_epochs: int = 0  # At the beginning, in which the head alone learns.
    layer_decay: float = 1.0  # Factor of the learning rate for each halving of resolution above.
    dropout: float = 0.0  # Before the last layer.
    ema: float = 0.0  # Decay of the averaged weights that are validated and kept; 0 for none.
    precision: str = "float32"  # Of the layers between preprocessing and head.
    patience: int | None = None  # Epochs without a better one before training ends.
    protocol: str = "honest"
    fold: int | None = 0  # Held out to choose on, under the honest protocol; None: nothing is.
    monitor: str = "val_kappa"
    min_sensitivity: float = 0.0  # By which the threshold is chosen; 0 for the highest kappa.
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
        at_least("epochs", self.epochs, 1)
        at_least("fold", self.fold, 0)
        if self.last_epoch is not None:
            between("last_epoch", self.last_epoch, 1, self.epochs)
        at_least("seed", self.seed, 0)
        at_least("limit_train", self.limit_train, 2)
        at_least("limit_validation", self.limit_validation, 2)
        at_least("patience", self.patience, 1)
        between("learning_rate", self.learning_rate, 1e-12, 1e3)
        between("crop", self.crop, 32, SLIDE_SIDE)
        between("label_smoothing", self.label_smoothing, 0, 0.9)
        between("weight_decay", self.weight_decay, 0, 1)
        between("warmup_epochs", self.warmup_epochs, 0, self.epochs - 1)
        between("freeze_epochs", self.freeze_epochs, 0, self.epochs - 1)
        between("layer_decay", self.layer_decay, 1e-3, 1)
        between("dropout", self.dropout, 0, 0.9)
        between("ema", self.ema, 0, 0.99999)
        between("min_sensitivity", self.min_sensitivity, 0, 1)

    @property
    def chooses(self) -> bool:
        """Whether an epoch is chosen; else the last is kept, and no image is held out for it."""
        return self.protocol != "honest" or self.fold is not None

    @property
    def view(self) -> View:
        """The view that follows: a canvas larger than the output only where crops are random."""
        margin = _CROP_MARGIN if "random_crop" in self.augment else 1
        return View(self.crop, round(self.image_size * margin), self.image_size)
