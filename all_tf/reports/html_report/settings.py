"""What was trained, by which settings and on what, as pairs that a page and a card show."""

from dataclasses import asdict

from all_tf.reports.run_facts import RunFacts

Pairs = list[tuple[str, str]]

_STARTS = {"imagenet": "weights trained on ImageNet", "none": "random weights"}


def model_rows(run: RunFacts) -> Pairs:
    """What was trained, and how, in a few lines."""
    experiment, config = run.experiment, run.config
    view = config["view"]
    return [
        ("network", f"{experiment.arch}, {config['num_parameters']:,} parameters"),
        ("starts from", _STARTS.get(experiment.weights, "weights of a file")),
        ("sees", f"the central {view['crop']} px of an image at {view['output']} px, nothing else"),
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
        ("answers", "one logit; its logistic function is the score, higher for ALL"),
        ("ensemble", "none: one network, one view of each cell"),
    ]


def _epochs(run: RunFacts) -> str:
    if run.num_folds:
        kept = ", ".join(map(str, run.evaluated.report["best_epochs"]))
        how = f"by {run.experiment.monitor} on the fold that was held out"
        return f"up to {run.experiment.epochs} for each fold; kept: {kept}, chosen {how}"
    report = run.evaluated.report
    return (
        f"{len(run.history)} of {run.experiment.epochs} trained; of epoch {report['best_epoch']}, "
        f"chosen by {run.experiment.monitor} on {report['selected_on']}, the weights are kept"
    )


def setting_rows(run: RunFacts) -> Pairs:
    """Every field of the experiment."""
    return [(name, _setting(held)) for name, held in asdict(run.experiment).items()]


def _setting(held: object) -> str:
    if isinstance(held, list | tuple):
        return ", ".join(map(str, held)) or "none"
    return "-" if held is None else str(held)


def provenance_rows(run: RunFacts) -> Pairs:
    """Versions, machine and digests; no path, which would name somebody's folders."""
    environment, config = run.environment, run.config
    packages = environment.get("packages", {})
    chosen = run.sets[0].report
    rows = {
        "commit of all_tf": environment.get("commit"),
        "Python": environment.get("python"),
        "packages": ", ".join(f"{name} {version}" for name, version in packages.items()),
        "machine": environment.get("platform"),
        "processors": environment.get("cpus"),
        "accelerators": ", ".join(environment.get("gpus", [])) or "none",
        "engine": ", ".join(f"{key} {held}" for key, held in config.get("engine", {}).items()),
        "images a second, training": chosen.get("images_per_second"),
        "SHA-256 of the weights": chosen.get("weights_sha256"),
        "SHA-256 of the records' manifest": config.get("manifest_sha256"),
        "SHA-256 of the folds": config.get("folds_sha256"),
    }
    return [(what, str(held)) for what, held in rows.items() if held]
