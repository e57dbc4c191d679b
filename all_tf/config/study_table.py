"""The settings of the study's rows, as the table in docs/study.md."""

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
)


def study_table() -> str:
    """A line for each row of `STUDY`, in Markdown; "-" stands for none."""
    return markdown([_line(row) for row in STUDY.values()], _COLUMNS)


def _line(row: Experiment) -> dict[str, object]:
    return {
        "arch": f"`{row.arch}`",
        "image_size": row.image_size,
        "crop": None if row.crop == NATIVE_SIDE else row.crop,
        "batch_size": row.batch_size,
        "epochs": row.epochs,
        "learning_rate": row.learning_rate,
        "augment": ", ".join(row.augment) or None,
        "imbalance": None if row.imbalance == "none" else row.imbalance,
    }


def reported(name: str) -> str | None:
    """What the study reported of a row, in per cent; None for nothing."""
    if name not in REPORTED:
        return None
    titles = {"accuracy": "accuracy", "f1": "F1", "kappa": "kappa"}
    values = REPORTED[name]._asdict()
    return ", ".join(f"{titles[key]} {value}" for key, value in values.items() if value is not None)
