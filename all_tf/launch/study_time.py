"""What a study says before it starts: the time of each row here, and how to make it shorter."""

from collections.abc import Mapping
from pathlib import Path

from all_tf.config.experiment import Experiment
from all_tf.estimates.training_time import Estimate, count_images, estimate, seconds_a_product
from all_tf.system.graphics_cards import gpu_traces
from all_tf.system.progress import describe_duration
from all_tf.system.tables import Column, markdown, whole

_COLUMNS = (
    Column("row", "row"),
    Column("images an epoch", "images", whole),
    Column("epochs", "epochs", whole),
    Column("a step", "step"),
    Column("an epoch", "epoch"),
    Column("in all", "training"),
)
_HOW = (
    "Estimated for this machine's CPU, within a factor of two, from a table of measured steps and "
    "a second of matrix products just now; loading and building each graph, a minute or two a "
    "row, is left out."
)
_SHORTER = """\
To make it shorter: --rows A,B trains fewer networks, --every-row-for MINUTES gives each the same
time, --limit-train N, --epochs N and --image-size PX make each row smaller. The last four are no
longer the study's settings, which the results then say.
Ctrl-C leaves it; the same command takes it up: finished rows and finished epochs are kept."""


def describe_study_time(rows: Mapping[str, Experiment], records: Path) -> str:
    """Describe in a table how long rows take on this machine, and how it can be cut down.

    Args:
        rows: The rows that are not finished, by name.
        records: A records directory.

    Raises:
        RecordsError, FoldsError: There are no records, or no folds.
    """
    product = seconds_a_product()
    found: dict[str, Estimate | None] = {}
    lines = []
    for name, row in rows.items():
        counts = count_images(row, records)
        found[name] = estimate(row, counts, product=product)
        line = {"row": name, "images": counts.epoch, "epochs": row.epochs}
        lines.append(line | _in_words(found[name]))
    gpu = "A GPU is in this machine. Where TensorFlow uses it, all is much faster than said here."
    parts = [markdown(lines, _COLUMNS), _total(found), _HOW, *[gpu] * bool(gpu_traces()), _SHORTER]
    return "\n\n".join(parts)


def _in_words(found: Estimate | None) -> dict[str, str]:
    if found is None:
        return {"training": "not measured"}
    step = f"{found.step:.2g} s" if found.step < 10 else describe_duration(found.step)
    return {
        "step": step,
        "epoch": describe_duration(found.epoch),
        "training": describe_duration(found.training),
    }


def _total(found: Mapping[str, Estimate | None]) -> str:
    known = [each.training for each in found.values() if each is not None]
    rows = "1 row takes" if len(known) == 1 else f"{len(known)} rows take"
    total = f"{rows} about {describe_duration(sum(known))}"
    unknown = [name for name, each in found.items() if each is None]
    return f"{total}; not measured: {', '.join(unknown)}." if unknown else f"{total}."
