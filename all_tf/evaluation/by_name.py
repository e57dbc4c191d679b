"""A run's calibration by its name, refused for cells that it was fitted on."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from all_tf.data.cells import Cells
from all_tf.data.image_files import NewCells
from all_tf.data.pixel_digests import pixel_digests
from all_tf.evaluation.run_weights import network_digest
from all_tf.metrics.calibration import Calibration
from all_tf.runs.calibration_file import write_calibration
from all_tf.runs.named_calibration import NamedCalibration, read_named
from all_tf.runs.stamps import stamps_of_calibration


def find_calibration(
    run: Path, name: str | None, members: Sequence[Path] = ()
) -> NamedCalibration | None:
    """Read the calibration that `--calibration` names; None where it names none.

    Args:
        run: A run, or a cross-validation with its `members`.
        name: The name, or None.
        members: The runs that score together; empty for one run.

    Raises:
        RunError: There is none of that name, or it is damaged or another network's.
    """
    if name is None:
        return None
    return read_named(run, name, network_sha256=network_digest(members or [run]))


def refuse_fitted_cells(named: NamedCalibration | None, cells: Cells) -> list[str]:
    """Refuse cells that a calibration was fitted on; return the caveats of others (`stamps`).

    Raises:
        RunError: It was fitted on one of them.
    """
    if named is None:
        return []
    pixels = pixel_digests(cells.pngs.tolist(), title="images with those of the calibration")
    named.refuse_fitted(pixels, cells.names.tolist())
    return stamps_of_calibration(named.images, patients=cells.patients.tolist())


def without_fitted(new: NewCells, named: NamedCalibration | None) -> NewCells:
    """The images of files without those that a calibration was fitted on, which become problems."""
    if named is None or not len(new.cells):
        return new
    pixels = pixel_digests(new.cells.pngs.tolist(), title="images with those of the calibration")
    met = named.fitted_on(pixels)
    kept = np.flatnonzero(~np.array(met))
    problems = [
        f"{name}: the calibration {named.name!r} was fitted on this image"
        for name, fitted in zip(new.cells.names.tolist(), met, strict=True)
        if fitted
    ]
    return replace(new.take(kept), problems=[*new.problems, *problems])


def note_calibration(
    folder: Path, report: Mapping[str, object], named: NamedCalibration | None
) -> dict[str, object]:
    """Leave the calibration beside the result that it gave, and its name in the report.

    Args:
        folder: That the evaluation is written into.
        report: Of the evaluation.
        named: None for the run's own, which is not left there.
    """
    if named is None:
        return dict(report)
    write_calibration(folder, named.calibration)
    return {**report, "calibration": named.name}


def calibration_or_own(named: NamedCalibration | None, own: Calibration) -> Calibration:
    """The calibration that was asked for by name, or the run's own."""
    return own if named is None else named.calibration
