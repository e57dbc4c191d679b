"""The study's rows and what it reported, as the table in README.md."""

from all_tf.config.experiment import NATIVE_SIDE, Experiment
from all_tf.config.presets import STUDY
from all_tf.config.published_results import REPORTED
from all_tf.system.tables import Column, markdown, whole

_COLUMNS = (
    Column("`--arch`", "arch"),
    Column("image", "image_size", whole),
    Column("crop", "crop", whole),
    Column("batch", "batch_size", whole),
    Column("epochs", "epochs", whole),
    Column("learning rate", "learning_rate", lambda rate: f"{rate:.0e}".replace("e-0", "e-")),
    Column("augmentation", "augment"),
    Column("imbalance", "imbalance"),
    Column("the study reported", "reported"),
)


def study_table() -> str:
    """A line for each row of `STUDY`, in Markdown; "-" stands for none."""
    return markdown([_line(name, row) for name, row in STUDY.items()], _COLUMNS)


def _line(name: str, row: Experiment) -> dict[str, object]:
    return {
        "arch": f"`{row.arch}`",
        "image_size": row.image_size,
        "crop": None if row.crop == NATIVE_SIDE else row.crop,
        "batch_size": row.batch_size,
        "epochs": row.epochs,
        "learning_rate": row.learning_rate,
        "augment": ", ".join(row.augment) or None,
        "imbalance": None if row.imbalance == "none" else row.imbalance,
        "reported": _reported(name),
    }


def _reported(name: str) -> str | None:
    if name not in REPORTED:
        return None
    titles = {"accuracy": "accuracy", "f1": "F1", "kappa": "kappa"}
    values = REPORTED[name]._asdict()
    return ", ".join(f"{titles[key]} {value}" for key, value in values.items() if value is not None)
