"""What changes a result: the experiment and the view of a cell, frozen."""

from dataclasses import dataclass

from all_tf import names

SLIDE_SIDE = 450  # Pixels of a published image.
_CROP_MARGIN = 8 / 7  # Of a canvas around a random crop: 256 around 224, as ImageNet has it.


class ConfigError(ValueError):
    """An experiment that cannot be run; the message says which value and what is allowed."""


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
    epochs: int = 10
    learning_rate: float = 1e-3
    augment: tuple[str, ...] = ()
    imbalance: str = "none"
    crop: int = SLIDE_SIDE  # Side of the cell's surroundings that is kept, pixels at native scale.
    weights: str = "imagenet"  # Or "none", or a file *.weights.h5.
    protocol: str = "honest"
    fold: int = 0  # Held out to choose on, under the honest protocol.
    monitor: str = "val_kappa"
    seed: int = 0
    limit_train: int | None = None  # Images; None for all.
    limit_validation: int | None = None

    def __post_init__(self):
        _one_of("arch", self.arch, names.ARCHITECTURES)
        _one_of("imbalance", self.imbalance, names.STRATEGIES)
        _one_of("protocol", self.protocol, names.PROTOCOLS)
        _one_of("monitor", self.monitor, names.MONITORS)
        for name in self.augment:
            _one_of("augment", name, names.AUGMENTATIONS)
        _at_least("image_size", self.image_size, 32)
        _at_least("batch_size", self.batch_size, 1)
        _at_least("epochs", self.epochs, 1)
        _at_least("fold", self.fold, 0)
        _at_least("seed", self.seed, 0)
        _at_least("limit_train", self.limit_train, 2)
        _at_least("limit_validation", self.limit_validation, 2)
        if not 0 < self.learning_rate < float("inf"):
            raise ConfigError(
                f"Expected a positive learning rate. Received: learning_rate={self.learning_rate}"
            )
        if not 32 <= self.crop <= SLIDE_SIDE:
            raise ConfigError(
                f"Expected a crop of 32 to {SLIDE_SIDE} px. Received: crop={self.crop}"
            )

    @property
    def view(self) -> View:
        """The view that follows: a canvas larger than the output only where crops are random."""
        margin = _CROP_MARGIN if "random_crop" in self.augment else 1
        return View(self.crop, round(self.image_size * margin), self.image_size)


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ConfigError(
            f"Unknown {name}. Known: {', '.join(allowed)}. Received: {name}={value!r}"
        )


def _at_least(name: str, value: int | None, least: int) -> None:
    if value is not None and value < least:
        raise ConfigError(f"Expected {name} of at least {least}. Received: {name}={value}")
