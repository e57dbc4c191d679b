"""Training by a call: a row of the table or an architecture, with what `train.py` takes."""

import os
from typing import Literal, TypedDict, Unpack

from all_tf.api.set_options import AnyPath, check_options
from all_tf.api.trained import TrainedClassifier, load
from all_tf.config import choices
from all_tf.config.presets import EXPERIMENTS
from all_tf.launch.cluster import find_process
from all_tf.launch.launch import launch, run_folder
from all_tf.launch.options import parse_words, words_of
from all_tf.system.checks import ConfigError, one_of


class TrainingSettings(TypedDict, total=False):
    """The settings of a training, by the names of the options of `train.py`."""

    config: AnyPath
    refit: AnyPath
    resume: AnyPath
    seed: int
    tensorboard: str
    trust_records: bool
    crop: int
    image_size: int
    augment: tuple[str, ...]
    imbalance: str
    limit_train: int
    limit_validation: int
    weights: AnyPath
    epochs: int
    last_epoch: int
    batch_size: int
    learning_rate: float
    optimizer: str
    schedule: str
    warmup_epochs: int
    loss: str
    freeze_epochs: int | Literal["all"]
    layer_decay: float
    dropout: float
    weight_decay: float
    label_smoothing: float
    ema: float
    protocol: str
    fold: int | Literal["all"]
    monitor: str
    min_sensitivity: float
    score_held_out: bool
    patience: int
    max_minutes: float
    precision: str
    jit: str
    steps_per_execution: int
    devices: int
    deterministic: bool


def train_network(
    network: str | None = None,
    records: AnyPath | None = None,
    run: AnyPath | None = None,
    **settings: Unpack[TrainingSettings],
) -> TrainedClassifier:
    """Train a network on records, keep the run, and load it.

    Args:
        network: A row of the table, such as "scratch", or an architecture, such as "densenet169".
            None where `settings` say what to go on with: `resume`, `refit` or `config`.
        records: The folder that `make_records` has written; None for data/records, or those of the
            run that is gone on with.
        run: A new folder for the run; None for one below runs/.
        settings: Whatever shall differ from the row: `epochs=3`, `augment=("hflip",)`,
            `fold="all"`; all options of `train.py`, by their names.

    Returns:
        The trained classifier. With `fold="all"` it is that of all folds.

    Raises:
        ConfigError: There is no such network or setting, it has another value, or the environment
            asks for several processes, which only commands start.
        RunError: The folder is not empty, or a training failed.
        RecordsError: There are no records.

    Example:
        >>> all_tf.train("base_cnn", "demo/records", "runs/first", image_size=32, epochs=1)
        WARNING...
        TrainedClassifier of ALL and HEM: base_cnn in runs/first
    """
    check_options(settings, TrainingSettings)
    _refuse_several_processes()
    chosen = {} if network is None else {_option_of(network): network}
    words = words_of({**chosen, "records": records, "run_dir": run, **settings})
    options = parse_words(words)
    with run_folder(options) as folder:
        launch(folder, options)
    return load(folder)


def _refuse_several_processes() -> None:
    """Raise where this process would start others that train, and end with them."""
    process = find_process(os.environ)
    if process and process.count > 1:
        raise ConfigError(
            "Several processes are started by scripts/train.py, and not by a call (docs/scaling.md)"
            f". Received: KERAS_DISTRIBUTION_NUM_PROCESSES={process.count}"
        )


def _option_of(network: str) -> str:
    if network in EXPERIMENTS:
        return "experiment"
    one_of("network", network, (*EXPERIMENTS, *choices.ARCHITECTURE_NAMES))
    return "arch"
