"""What a network sees of some cells, before augmentation and after it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict, Unpack

from all_tf.api.figure import ShownFigure
from all_tf.api.set_options import AnyPath, check_options
from all_tf.config import choices
from all_tf.config.experiment import Experiment
from all_tf.runs.records_label import records_label
from all_tf.system.checks import at_least
from all_tf.system.tensorflow_import import load_tensorflow
from tfrecords.store.identity import read_identity
from tfrecords.store.manifest import verify_split

_NUM_STEPS = 5


class BatchOptions(TypedDict, total=False):
    """Which cells are shown, and how large, by the names of the options of `show_batch.py`."""

    image_size: int
    crop: int
    fold: int
    seed: int


def draw_batch(
    records: AnyPath = "data/records",
    *,
    augment: Sequence[str],
    images: int = 6,
    trust_records: bool = False,
    **options: Unpack[BatchOptions],
) -> ShownFigure:
    """Draw cells as a training would see them at its first steps; no patient is named.

    Args:
        records: A records directory.
        augment: Augmentations, such as `("hflip", "rotate")`.
        images: Number of cells, 2 or more, evenly over classes and patients.
        trust_records: Whether the SHA-256 of the shards is skipped.
        options: `image_size` and `crop` in pixels, the held-out `fold`, the `seed`.

    Raises:
        ConfigError: There is no such augmentation or option, or fewer than 2 images.
        RecordsError: There are no records, or they are damaged.

    Example:
        >>> figure = all_tf.draw_batch("demo/records", augment=["hflip"], images=2, image_size=64)
        >>> figure.save("batch.png")
        PosixPath('batch.png')
    """
    check_options(options, BatchOptions)
    at_least("images", images, 2)
    # Some architecture has to be named; the picture is the same for all of them.
    arch = choices.ARCHITECTURE_NAMES[0]
    experiment = Experiment(arch, augment=tuple(augment), limit_train=images, **options)
    verify_split(Path(records), "train", trusted=True)
    load_tensorflow()
    from all_tf.data.previews import batch_versions, versions_figure
    from all_tf.data.splits import load_data

    identity = read_identity(Path(records))
    cells = load_data(experiment, Path(records), trusted=trust_records).fit
    versions = batch_versions(cells, experiment, num_steps=_NUM_STEPS)
    view = experiment.view
    title = f"{', '.join(experiment.augment)}: central {view.crop} px at {view.output} px"
    of = records_label({"records_name": identity.name, "records_sha256": identity.sha256})
    figure = versions_figure(versions, title=f"{title}\n{of}", classes=identity.classes)
    return ShownFigure(figure)
