"""Exports a finished run, a cross-validation or an ensemble, and proves that the file is right."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import keras
import tensorflow as tf

from all_tf.evaluation.ensemble import members_of
from all_tf.evaluation.run_weights import load_run
from all_tf.export.export_folder import (
    EXPORT_FILE,
    ExportTarget,
    added_to,
    digests,
    require_free,
)
from all_tf.export.formats import require_packages, write_model
from all_tf.export.metadata import about_model, describe_runs
from all_tf.export.portable_model import ExportedRun, portable_model
from all_tf.export.proof import prove_export
from all_tf.export.reference import (
    ProofCells,
    Reference,
    refer,
    training_images,
    write_images,
)
from all_tf.metrics.calibration import mean_calibration
from all_tf.runs.calibration_file import read_calibration
from all_tf.runs.folder import (
    write_json,
)
from all_tf.runs.members import runs_behind
from tfrecords.schema import IMAGE_SIDE

_NUM_CALIBRATION = 100  # Training images by which int8 chooses the ranges of its numbers.


def runs_of(folder: Path) -> list[Path]:
    """The runs that a folder stands for (`runs_behind`), of which several form an ensemble.

    Raises:
        RunError: A cross-validation or an ensemble is damaged or cannot be one.
    """
    runs = runs_behind(folder)
    return members_of(runs) if len(runs) > 1 else runs


def export_runs(
    members: Sequence[Path],
    target: ExportTarget,
    *,
    out: Path,
    overwrite: bool = False,
    asked: ProofCells = ProofCells(),
) -> tuple[Path, dict]:
    """Export runs as one model, from images to answers, and hold it against the runs.

    The file is opened in a process of its own, which cannot import this project, and answers to
    cells of the first run's selection set. What fails is not left behind. All is computed in
    float32 on the CPU, whatever the runs were trained in and on.

    Args:
        members: Finished runs (`runs_of`); of several the mean of their calibrated logits decides.
        target: Format and quantisation.
        out: The folder to write to. Files of the same runs in other formats stay there.
        overwrite: Whether a file of the same name, and files of other runs, are replaced.
        asked: The cells of the proof.

    Returns:
        The path of the file, and what export.json says of it: `format`, `quantize`, `sha256` of
        each file, `num_bytes`, `sides` of images that it takes, `packages` by version, and `proof`
        (`all_tf.export.proof.prove_export`).

    Raises:
        ConfigError: There is no such format, or a package for it is missing.
        RunError: A run is unfinished or damaged, or the file answers otherwise.
        FileExistsError: The file is there, or the folder holds something else.
    """
    target.check()
    packages = require_packages(target)
    require_free(out, target, overwrite=overwrite)
    runs = describe_runs(members)
    calibrations = [read_calibration(run) for run in members]
    joined = calibrations[0] if len(members) == 1 else mean_calibration(calibrations)
    with tf.device("/CPU:0"):  # A GPU would round to TF32, and the child process has none.
        reference = refer(members, asked, threshold=joined.threshold)
        about = about_model(runs, threshold=joined.threshold)
        with added_to(out, target, runs=runs, overwrite=overwrite) as (partial, kept):
            model = _join(members, target, threshold=joined.threshold)
            images = None
            if target.quantize == "int8":
                images = training_images(members[0], asked, number=_NUM_CALIBRATION)
            write_model(model, partial / target.file, target, about=about, images=images)
            found = _describe_file(partial / target.file, target, packages)
            found["proof"] = _proof(partial / target.file, target, reference)
            write_json(partial / EXPORT_FILE, about | {"files": {**kept, target.file: found}})
    return out / target.file, found


def _join(members: Sequence[Path], target: ExportTarget, *, threshold: float) -> keras.Model:
    parts = []
    for run in members:
        experiment, _, _, network = load_run(run, precision="float32")
        parts.append(ExportedRun(experiment.view, network, read_calibration(run)))
    side = IMAGE_SIDE if target.format == "litert" else None
    return portable_model(parts, threshold=threshold, side=side)


def _proof(path: Path, target: ExportTarget, reference: Reference) -> dict[str, object]:
    with TemporaryDirectory() as folder:
        images = Path(folder, "images.npy")
        write_images(images, reference.cells)
        proof = prove_export(
            path, target, images=images, scores=reference.scores, answers=reference.answers
        )
    return {"cells_of": reference.place, **proof, "half_precision": reference.rounding}


def _describe_file(path: Path, target: ExportTarget, packages: dict[str, str]) -> dict[str, object]:
    parts = path.rglob("*") if path.is_dir() else [path]
    return {
        "format": target.format,
        "quantize": target.quantize,
        "sha256": digests(path),
        "num_bytes": sum(part.stat().st_size for part in parts if part.is_file()),
        "sides": IMAGE_SIDE if target.format == "litert" else "any",
        "packages": packages,
    }
