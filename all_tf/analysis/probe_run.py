"""From a finished run to its probes on disk."""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from all_tf.analysis.alterations import Alteration, alterations
from all_tf.analysis.baseline_probes import Measured, patient_identity, trivial_probes
from all_tf.analysis.inputs import AnalysisInputs, load_inputs
from all_tf.analysis.probe_comparison import ALTERED, Probe, compare_with_probes
from all_tf.data.cell_features import cell_features
from all_tf.data.cells import Cells, limit_cells
from all_tf.data.previews import Version, draw_versions
from all_tf.data.splits import home_of, learnt_from, load_set
from all_tf.runs.checksums import write_checksums
from all_tf.runs.folder import PROBES_FOLDER, EvaluationSet, write_json
from all_tf.system.inflight_calls import InFlightCalls
from all_tf.system.progress import track
from all_tf.system.tables import write_csv
from tfrecords.codec.png import decode_boxes
from tfrecords.schema import CLASSES

RESULT_FILE, TABLE_FILE, PICTURE_FILE = "probes.json", "probes.csv", "altered.png"
_NUM_SHOWN = 4  # Cells in the picture.


def probe_run(run: Path, asked: EvaluationSet = EvaluationSet(), *, seed: int = 0) -> dict:
    """Hold a finished run against shortcuts and file what comes out in `RUN/probes`, written over.

    Args:
        run: The run's folder.
        asked: A labelled set.
        seed: Of shuffled patches, of the cells that are drawn, of cross-validation, of intervals.

    Returns:
        What probes.json holds, as `probe` returns it.

    Raises:
        RunError, RecordsError, FoldsError, SplitError: What is asked for is not there.
    """
    examined = load_inputs(run, asked, purpose="be probed on")
    result, seen = probe(examined, _learnt_from(examined), seed=seed)
    _file(run / PROBES_FOLDER, result)
    draw_versions(run / PROBES_FOLDER / PICTURE_FILE, seen, title="What the network was shown")
    write_checksums(run / PROBES_FOLDER)
    return result


def probe(examined: AnalysisInputs, learnt: Cells, *, seed: int) -> tuple[dict, list[Version]]:
    """Hold a network against shortcuts.

    Args:
        examined: Whose network, on whose cells.
        learnt: What it learnt from, which the trivial probes are fitted on.
        seed: As `probe_run` takes it.

    Returns:
        The heading of a report, what `compare_with_probes` gives, `identity`, a list of what
        `patient_identity` gives for each `class` and two kinds of `features`, and
        `images_with_pixels_outside`, a count by class. And a few cells as they were altered.
    """
    measured = _measure_cells(learnt, "training cells")
    scored = _measure_cells(examined.cells, examined.title)
    usual = [measured.features[f"mean_{channel}"].mean() for channel in ("red", "green", "blue")]
    changes = alterations(usual)
    threshold = examined.context.calibration.threshold
    batches = examined.batches(examined.cells)
    predictions = examined.predict(batches)
    probes = trivial_probes(measured, scored, predictions)
    for name, change in changes.items():
        found = examined.predict(_altered(batches, change, seed=seed))
        probes.append(Probe(name, ALTERED, change.what, found, threshold))
    result = {
        **examined.heading(predictions),
        **compare_with_probes(predictions, probes, threshold=threshold, seed=seed),
        "identity": _identity(examined, scored, batches, seed=seed),
        "images_with_pixels_outside": {
            name.upper(): int(np.sum(scored.features["outside"][scored.labels == label] > 0))
            for label, name in enumerate(CLASSES)
        },
    }
    return result, _versions(examined, changes, seed=seed)


def _learnt_from(examined: AnalysisInputs) -> Cells:
    facts = examined.context.facts
    home = home_of(facts, examined.records)
    asked = EvaluationSet("train", records=home, trusted=examined.trusted)
    training, _ = load_set(facts, asked)
    return learnt_from(training, examined.context.experiment)


def _measure_cells(cells: Cells, title: str) -> Measured:
    shown = track(cells.pngs, f"measuring {title}", len(cells))
    boxes = (decode_boxes([png])[0] for png in shown)  # Nothing depends on the black around them.
    rows = [cell_features(box.pixels) for box in boxes]
    return Measured({key: np.array([row[key] for row in rows]) for key in rows[0]}, cells.labels)


def _altered(batches: tf.data.Dataset, change: Alteration, *, seed: int) -> tf.data.Dataset:
    """The batches with their images altered; what is drawn follows from the seed and the step."""

    calls = InFlightCalls()

    def alter(images: np.ndarray, step: np.ndarray) -> np.ndarray:
        with calls:
            return change.alter(images, np.random.default_rng([seed, int(step)]))

    def see(step, batch):
        images, *rest = batch
        altered = tf.numpy_function(alter, [images, step], images.dtype)
        return tf.ensure_shape(altered, images.shape), *rest

    return batches.enumerate().map(see)


def _identity(
    examined: AnalysisInputs, scored: Measured, batches: tf.data.Dataset, *, seed: int
) -> list[dict]:
    """How well patients are told apart by what the network makes of cells, and by the cells alone.

    The second is the measure of the first: patients differ in size and stain, whatever a network
    does with that.
    """
    pooled = keras.Model(examined.model.input, examined.model.get_layer("pooled").output)
    features = {
        "pooled": pooled.predict(batches, verbose=0)[: len(scored.labels)],
        "size and colour": scored.matrix(("size", "colour")),
    }
    groups = examined.cells.groups
    return [
        {"class": name.upper(), "features": kind}
        | patient_identity(values[members], groups[members], seed=seed)
        for label, name in enumerate(CLASSES)
        for kind, values in features.items()
        for members in [scored.labels == label]
    ]


def _file(folder: Path, result: dict) -> None:
    folder.mkdir(exist_ok=True)
    write_json(folder / RESULT_FILE, result)
    own = {"name": "model", "kind": "model", "what": "the network"} | result["model"]
    margins = dict.fromkeys(("margin", "margin_low", "margin_high"))
    write_csv(folder / TABLE_FILE, [own | margins, *result["probes"]])


def _versions(
    examined: AnalysisInputs, changes: dict[str, Alteration], *, seed: int
) -> list[Version]:
    """A few cells, drawn evenly over classes and patients, as they are and as they were altered."""
    cells = limit_cells(examined.cells, _NUM_SHOWN, seed=seed)
    images, _, _ = next(iter(examined.batches(cells)))
    images, rng = images.numpy(), np.random.default_rng(seed)
    return [Version("as it is", images, cells.labels)] + [
        Version(name, change.alter(images, rng), cells.labels) for name, change in changes.items()
    ]
