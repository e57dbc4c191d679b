"""The network that a training begins from: found, checked, and what it has learnt from."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from all_tf.config.experiment import Experiment
from all_tf.runs.checksums import SUMS_FILE, unchanged
from all_tf.runs.errors import RunError
from all_tf.runs.folder import (
    CONFIG_FILE,
    METRICS_FILE,
    is_cross_validation,
    read_config,
    read_metrics,
    refuse_links,
)
from all_tf.runs.stamps import PARENT_UNKNOWN, sweep_of
from all_tf.runs.training_images import (
    PARENT_IMAGES_FILE,
    TRAINING_IMAGES_FILE,
    UsedImage,
    read_used_images,
)
from all_tf.system.checks import ConfigError
from all_tf.system.script_command import script_command
from tfrecords.class_names import ClassNames, class_names_of
from tfrecords.names import legible
from tfrecords.store.manifest import digest_file

_WORDS = ("imagenet", "none")  # Values of `Experiment.weights` that are no path.
_WEIGHTS = "best.weights.h5"


@dataclass(frozen=True)
class Parent:
    """A trained network that another training begins from."""

    place: Path  # The folder of its run, or a file of weights whose run is unknown.
    classes: ClassNames | None  # Of its run; None where that is unknown.
    facts: Mapping[str, object]  # For the config.json of that training; `stamps` are added there.
    images: list[UsedImage]  # All that it, and the runs that it began from, have used.
    knows_all: bool  # Whether those are all: a file, or an earlier version, has no list of them.


def parent_folder(weights: str) -> Path | None:
    """The folder of the run that `Experiment.weights` names; None for a word or another file.

    The file of weights of a finished run names that run, too: what it has learnt from is known.
    """
    path = Path(weights)
    if weights in _WORDS or not weights:
        return None
    if path.is_dir():
        return path
    is_of_run = path.name == _WEIGHTS and (path.parent / METRICS_FILE).is_file()
    return path.parent if is_of_run and path.is_file() else None


def read_parent(experiment: Experiment) -> Parent | None:
    """Read the trained network that a training begins from.

    Returns:
        None where it begins from random weights, or from those of a backbone alone, as ImageNet's.

    Raises:
        RunError: There is no finished run, its files were changed, or it has several networks.
        ConfigError: Its network has another architecture.
    """
    folder = parent_folder(experiment.weights)
    if folder is None:
        return _read_file(Path(experiment.weights))
    if is_cross_validation(folder):
        refit = script_command("train.py", "--refit", folder)
        raise RunError(
            f"{folder} holds a network for each fold, and a training begins from one. Name the run "
            f"of a fold, {folder / 'fold-0'}, or that of a refit: {refit}"
        )
    refuse_links(folder, files=True)
    for name in (CONFIG_FILE, METRICS_FILE, TRAINING_IMAGES_FILE, PARENT_IMAGES_FILE):
        unchanged(folder / name)
    theirs, facts = read_config(folder)
    digest = read_metrics(folder).get("weights_sha256")
    if theirs.arch != experiment.arch:
        raise ConfigError(
            f"{folder} is a {theirs.arch}, whose weights fit no other architecture. Pass --arch "
            f"{theirs.arch}, or weights of a {experiment.arch}. Received: --arch {experiment.arch}"
        )
    weights = folder / _WEIGHTS
    if not weights.is_file() or digest_file(weights) != digest:
        raise RunError(f"{weights} is not the file that the run ended with (SHA-256). Train again.")
    described = _describe(folder, facts, digest)
    return Parent(folder, class_names_of(facts), described, *_images(folder, facts))


def _read_file(path: Path) -> Parent | None:
    """A file of the weights of a whole network, as a copy from a run or one of its states."""
    if not path.is_file():
        return None  # A word; or a missing file, which is left to those who load it.
    from builders.hdf5_child import holds_head  # It loads HDF5, which --help needs not.

    try:
        if not holds_head(path):
            return None
    except ValueError:  # It is damaged, which is left to them, too.
        return None
    unknown = dict.fromkeys(("run_sha256", "records", "manifest_sha256"), "")
    facts = {"file": legible(path.name), "weights_sha256": digest_file(path), **unknown}
    return Parent(path, None, facts, [], knows_all=False)


def refuse_other_weights(experiment: Experiment, config: Mapping, *, source: Path) -> None:
    """Raise where a path in settings leads to other weights than their run began from.

    A relative path began at the folder of that training; and a run may have been trained again.
    What is not there is left to those who load it.

    Args:
        experiment: The settings.
        config: What config.json of the run that they are of holds beside them.
        source: That file, for the message.

    Raises:
        RunError: The weights are others (SHA-256).
    """
    weights = Path(initial_weights(experiment))
    if "parent" not in config or not weights.is_file():
        return
    if digest_file(weights) != config["parent"].get("weights_sha256"):
        raise RunError(
            f"{weights} is not the network that {source} was trained from (SHA-256). Name the "
            "one to begin from: --weights RUN"
        )


def initial_weights(experiment: Experiment) -> str:
    """What `builders.registry.build_model` takes as weights: of a run, its file."""
    folder = parent_folder(experiment.weights)
    return experiment.weights if folder is None else str(folder / _WEIGHTS)


def _describe(folder: Path, facts: Mapping, digest: str) -> dict[str, object]:
    sums = folder / SUMS_FILE
    return {
        "run": legible(folder.resolve().name),
        "run_sha256": digest_file(sums) if sums.is_file() else "",
        "weights_sha256": digest,
        "records": legible(facts.get("records_name") or Path(facts.get("records", "")).name),
        "manifest_sha256": facts.get("manifest_sha256", ""),
        **({"sweep": sweep} if (sweep := sweep_of(facts)) else {}),
    }


def _images(folder: Path, facts: Mapping) -> tuple[list[UsedImage], bool]:
    """The images that a run and the runs that it began from have used, each once a use."""
    own = read_used_images(folder, file=TRAINING_IMAGES_FILE)
    inherited = read_used_images(folder, file=PARENT_IMAGES_FILE)
    knows_all = own is not None and (inherited is not None or "parent" not in facts)
    parent = facts.get("parent", {})
    knows_all &= all(PARENT_UNKNOWN not in each for each in parent.get("stamps", {}).values())
    return list(dict.fromkeys([*(own or []), *(inherited or [])])), knows_all
