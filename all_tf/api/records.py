"""From images to records: what `make_tfrecords.py` does with a folder of images."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict, Unpack

from all_tf.api.set_options import AnyPath, check_options
from all_tf.system.checks import ConfigError
from all_tf.system.progress import track
from all_tf.system.tensorflow_import import load_tensorflow
from tfrecords.packing.atomic import check_target
from tfrecords.packing.folding import check_folds
from tfrecords.packing.held_out import HoldOut
from tfrecords.sources.find import CNMC, FOLDERS, Origin, describe_origin, find_origin
from tfrecords.store.manifest import MANIFEST_FILE

if TYPE_CHECKING:
    from tfrecords.packing.writer import Settings

_ONLY_FOR = {
    FOLDERS: ("positive", "hold_out", "patient_per_image"),  # Cells of your own.
    CNMC: ("allow_skips", "require_published"),
}


class PackingOptions(TypedDict, total=False):
    """Options of the packing; each is described at the option of this name of the command."""

    layout: Literal["cnmc", "folders"]  # By default that of C-NMC 2019.
    positive: str | None  # The class of the disease, where its name does not say it.
    patient_per_image: bool
    allow_skips: int
    drop_contradictions: bool
    require_published: bool
    name: str | None  # Of the records; by default the folder's.
    folds: int | Literal["official"]  # 5 by default.
    hold_out: float | None  # Patient groups of each class for validation; a share below or at 1.0.
    seed: int
    workers: int | None
    no_scan: bool  # True to look for no near-duplicates.


def make_records(
    source: AnyPath,
    records: AnyPath = "data/records",
    *,
    overwrite: bool = False,
    **options: Unpack[PackingOptions],
) -> Path:
    """Pack images into records, lossless and verified, and print what was found.

    Args:
        source: A folder of C-NMC 2019; or, with `layout="folders"`, cells of your own in
            CLASS/PATIENT/, or a table of them.
        records: The folder to write.
        overwrite: Whether records that are there may be replaced.
        options: `layout`, `positive`, `hold_out`, `folds`, `name`, `seed` and the others of
            `make_tfrecords.py`, by the same names.

    Returns:
        The folder of the records.

    Raises:
        ConfigError: There is no such option, or not for this layout.
        HeldOutError: `hold_out` is no whole number from 0, and no share above 0 and up to 1.0.
        FileExistsError: There are records already.
        ValueError, OSError: The images cannot be packed; the message says which and why.

    Example:
        >>> all_tf.make_records("demo/C-NMC_Leukemia", "demo/records", folds=3)
        found...
        PosixPath('demo/records')
    """
    source, records = Path(source), Path(records)
    _check(options)
    hold_out = HoldOut(0 if (amount := options.get("hold_out")) is None else amount)
    check_target(records, overwrite=overwrite, marker=MANIFEST_FILE)
    origin = find_origin(
        source,
        layout=options.get("layout", CNMC),
        max_skips=options.get("allow_skips", 0),
        patient_per_image=options.get("patient_per_image", False),
        positive=options.get("positive"),
        name=options.get("name") or "",
    )
    _require_no_validation(origin, hold_out)
    print(describe_origin(origin), flush=True)
    check_folds(origin.images, options.get("folds", 5), hold_out=hold_out)
    load_tensorflow()
    from tfrecords.packing.conversion import Target, convert

    target = Target(records, overwrite, options.get("require_published", False))
    print("\n" + convert(origin, target, _settings(options, hold_out), progress=track))
    return records


def _check(options: PackingOptions) -> None:
    check_options(options, PackingOptions)
    for layout, names in _ONLY_FOR.items():
        given = [name for name in names if options.get(name)]
        if given and options.get("layout", CNMC) != layout:
            raise ConfigError(f"`{given[0]}` is for layout={layout!r}.")


def _settings(options: PackingOptions, hold_out: HoldOut) -> "Settings":
    from tfrecords.packing.writer import Settings

    return Settings(
        options.get("folds", 5),
        options.get("seed", 0),
        options.get("workers"),
        not options.get("no_scan", False),
        drop_contradictions=options.get("drop_contradictions", False),
        hold_out=hold_out,
    )


def _require_no_validation(origin: Origin, hold_out: HoldOut) -> None:
    if hold_out.amount and {image.phase for image in origin.images} != {"train"}:
        raise ValueError(
            "--hold-out chooses the patients of validation, and this source has splits of its own. "
            "Leave one of them out"
        )
