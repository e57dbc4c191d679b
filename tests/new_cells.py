"""A run that knows the range of its training cells, and new cells for it to score."""

from pathlib import Path

from PIL import Image

from all_tf.config.experiment import Experiment
from all_tf.data.training_range import write_range
from tests.conftest import noise
from tests.untrained import EXPERIMENT, write_run
from tfrecords.codec.png import encode_png


def write_ranged_run(folder: Path, records: Path, experiment: Experiment = EXPERIMENT) -> Path:
    """An untrained run whose range is that of small squares."""
    run = write_run(folder, records, experiment)
    write_range(run, [encode_png(Image.fromarray(noise(seed))) for seed in range(5)])
    return run


def save_cells(place: Path) -> Path:
    """Two cells, in a folder and below it, among files that are none."""
    for name in ("a.png", "below/b.TIFF"):
        path = place / "cells" / name
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(noise(len(name), side=300)).save(path)
    (place / "cells/notes.txt").write_text("text")
    (place / "cells/.hidden.png").write_bytes(b"")
    return place / "cells"
