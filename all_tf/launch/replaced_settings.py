"""Settings of a row, or of a run, with what the command line gives in their place."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from all_tf.config.experiment import Experiment
from all_tf.launch.options import ALL_EPOCHS
from all_tf.system.checks import ConfigError


def given(options: dict, settings: type) -> dict:
    """Return the given options that are fields of a dataclass."""
    known = {field.name for field in fields(settings)}
    return {key: value for key, value in options.items() if key in known and value is not None}


def choose_experiment(row: Experiment, options: dict) -> Experiment:
    """Return a row with what the options give in the place of its own settings."""
    settings = given(options, Experiment)
    if row.is_linear_probe and "epochs" in settings:
        settings.setdefault("freeze_epochs", ALL_EPOCHS)  # More epochs of a probe are a probe.
    if settings.get("freeze_epochs") == ALL_EPOCHS:
        settings["freeze_epochs"] = settings.get("epochs", row.epochs)
    return replace_settings(row, settings)


def replace_settings(row: Experiment, given: Mapping[str, Any]) -> Experiment:
    """Return a row with other values.

    Where fewer epochs are given, the row's warm-up and its frozen epochs are shortened to fit, and
    that is printed. Values that are given themselves are never changed.

    Args:
        row: Of a table, or the settings of a run.
        given: New values by field of `Experiment`.

    Raises:
        ConfigError: A value is invalid, or a fold is given for the protocol of the study.
    """
    room = given.get("epochs", row.epochs) - 1
    asked = {"warmup_epochs": row.warmup_epochs, "freeze_epochs": row.frozen_first}
    shorter = {key: room for key, value in asked.items() if 0 <= room < value and key not in given}
    for key, value in shorter.items():
        print(f"{key} is {value} instead of {asked[key]}: the epochs are {room + 1}", flush=True)
    experiment = replace(row, **{**given, **shorter})
    if experiment.protocol == "study" and "fold" in given:
        raise ConfigError(
            "Protocol study trains on all folds and holds none out. Leave out --fold, or pass "
            f"--protocol honest. Received: protocol='study', fold={experiment.fold}"
        )
    return experiment
