"""Settings, software and hardware of a run, as pairs that a page and a model card show."""

from dataclasses import asdict

from all_tf.reports.result_words import parent_words
from all_tf.reports.run_facts import RunFacts
from all_tf.runs.history_file import ended_by_time, epochs_trained
from all_tf.runs.records_label import records_label
from all_tf.system.plain_text import file_name
from tfrecords.class_names import class_names_of

Pairs = list[tuple[str, str]]

_MACHINES = ("x86_64", "AMD64", "aarch64", "arm64")
_STARTS = {"imagenet": "trained on ImageNet", "none": "random"}


def model_rows(run: RunFacts) -> Pairs:
    """The network and its training, in a few lines."""
    experiment, config = run.experiment, run.config
    view, positive = config["view"], class_names_of(config).positive
    return [
        ("network", f"{experiment.arch}, {config['num_parameters']:,} parameters"),
        ("initial weights", _start(run)),
        ("input", f"the central {view['crop']} px of an image, resized to {view['output']} px"),
        ("augmentation", ", ".join(experiment.augment) or "none"),
        ("imbalance", experiment.imbalance.replace("_", " ")),
        ("loss", experiment.loss.replace("_", " ")),
        (
            "optimizer",
            f"{experiment.optimizer}, learning rate {experiment.learning_rate:g}, "
            f"{experiment.schedule}, batches of {experiment.batch_size}",
        ),
        ("epochs", _epochs(run)),
        ("precision", experiment.precision),
        ("output", f"one logit; its logistic function is the score, higher for {positive}"),
        ("ensemble", "none: one network, one view of each cell"),
    ]


def _start(run: RunFacts) -> str:
    """What the network began from, in words; of another run, its name, records and digest."""
    begun, parent = run.config.get("continues"), run.config.get("parent")
    start = _STARTS.get(run.experiment.weights, "from a file")
    if parent is not None:
        digests = [f"of these weights {parent['weights_sha256'][:12]}"]
        if "run" in parent:
            digests.append(f"of the records' manifest {parent['manifest_sha256'][:12]}")
        start = f"those of {parent_words(parent)} (SHA-256 {', '.join(digests)})"
    if begun is None:
        return start
    return f"{start}; goes on with the run {begun['run']} after epoch {begun['epoch']}"


def _epochs(run: RunFacts) -> str:
    if run.num_folds:
        kept = ", ".join(map(str, run.evaluated.report["best_epochs"]))
        how = f"by {run.experiment.monitor} on the held-out fold"
        return f"up to {run.experiment.epochs} for each fold; kept: {kept}, chosen {how}"
    report, rows = run.evaluated.report, run.history
    ended = ""
    if ended_by_time(rows, run.experiment):
        ended = f", then its {run.experiment.max_minutes:g} minutes were over"
    return (
        f"{epochs_trained(rows):g} of {run.experiment.epochs} trained{ended}; the weights of epoch "
        f"{report['best_epoch']} are kept, chosen by {run.experiment.monitor} on "
        f"{report['selected_on']}"
    )


def setting_rows(run: RunFacts) -> Pairs:
    """Every field of the experiment."""
    held_by = asdict(run.experiment) | {"weights": file_name(run.experiment.weights)}
    return [(name, _setting(held)) for name, held in held_by.items()]


def _setting(held: object) -> str:
    if isinstance(held, list | tuple):
        return ", ".join(map(str, held)) or "none"
    return "-" if held is None else str(held)


def provenance_rows(run: RunFacts) -> Pairs:
    """Versions, machine and digests; no paths, which could name a person."""
    environment, config = run.environment, run.config
    packages = environment.get("packages", {})
    chosen = run.sets[0].report
    rows = {
        "commit of all_tf": environment.get("commit"),
        "Python": environment.get("python"),
        "packages": ", ".join(f"{name} {version}" for name, version in packages.items()),
        "machine": _machine(environment.get("platform", "")),
        "processors": environment.get("cpus"),
        "accelerators": ", ".join(environment.get("gpus", [])) or "none",
        "engine": ", ".join(f"{key} {held}" for key, held in config.get("engine", {}).items()),
        "images per second in training": chosen.get("images_per_second"),
        "SHA-256 of the weights": chosen.get("weights_sha256"),
        "records": records_label(config),
        "SHA-256 of the records' manifest": config.get("manifest_sha256"),
        "SHA-256 of the folds": config.get("folds_sha256"),
        **_of_descent(config),
    }
    return [(what, str(held)) for what, held in rows.items() if held]


def _of_descent(config: dict) -> dict[str, object]:
    """Digests of the runs that this one began from."""
    parent, begun = config.get("parent", {}), config.get("continues", {})
    return {
        "SHA-256 of the initial weights": parent.get("weights_sha256"),
        "SHA-256 of their run": parent.get("run_sha256"),
        "SHA-256 of their records' manifest": parent.get("manifest_sha256"),
        "SHA-256 of the run that was gone on with": begun.get("run_sha256"),
        "gone on with": begun.get("as_one"),
    }


def _machine(platform: str) -> str:
    """System and processor; what lies between may be a name that an administrator chose."""
    return " ".join([platform.split("-")[0], *(each for each in _MACHINES if each in platform)])
