"""Probes of a finished run, written to its folder."""

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
from all_tf.plots.cell_images import brighten
from all_tf.runs.folder import PROBES_FOLDER, EvaluationSet, write_json
from all_tf.runs.result_files import replaced_files
from all_tf.system.inflight_calls import InFlightCalls
from all_tf.system.progress import track
from all_tf.system.tables import write_csv
from tfrecords.codec.png import decode_boxes

RESULT_FILE, TABLE_FILE, PICTURE_FILE = "probes.json", "probes.csv", "altered.png"
_NUM_SHOWN = 4  # Cells in the picture.


def probe_run(
    run: Path, asked: EvaluationSet = EvaluationSet(), *, seed: int = 0
) -> tuple[dict, Path]:
    """Compare a finished run with shortcuts and save the results in or below `RUN/probes`.

    Earlier results on the same set are overwritten, on other records only where `asked` says so;
    `AnalysisInputs.folder` says where.

    Args:
        run: The run's folder.
        asked: A labelled set of cells.
        seed: Seed of shuffled patches, of the pictured cells, of cross-validation and bootstrap.

    Returns:
        The content of probes.json, as `probe` returns it, and its folder.

    Raises:
        RunError, RecordsError, FoldsError, SplitError: The run or the set does not exist.
    """
    inputs = load_inputs(run, asked, purpose="be probed on")
    folder = inputs.free_folder(run, PROBES_FOLDER, RESULT_FILE, asked)
    result, versions = probe(inputs, _learnt_from(inputs), seed=seed)
    title = f"Images as the network saw them, brightened\n{inputs.caption()}"
    classes = inputs.cells.classes
    with replaced_files(folder) as partial:
        _write(partial, result)
        draw_versions(partial / PICTURE_FILE, versions, title=title, classes=classes)
    return result, folder


def probe(inputs: AnalysisInputs, learnt: Cells, *, seed: int) -> tuple[dict, list[Version]]:
    """Compare a network with shortcuts.

    Args:
        inputs: The run and the cells to score.
        learnt: The training cells of the network, on which the trivial probes are fitted.
        seed: Seed of everything random, as in `probe_run`.

    Returns:
        A dict: the header of a report, the result of `compare_with_probes`, `identity`, a list of
        results of `patient_identity` for each `class` and two kinds of `features`, and
        `images_with_pixels_outside`, a count by class. And a few cells with their alterations.
    """
    measured = _measure_cells(learnt, "training cells")
    scored = _measure_cells(inputs.cells, inputs.title)
    usual = [measured.features[f"mean_{channel}"].mean() for channel in ("red", "green", "blue")]
    changes = alterations(usual)
    threshold = inputs.context.calibration.threshold
    batches = inputs.batches(inputs.cells)
    predictions = inputs.predict(batches)
    probes = trivial_probes(measured, scored, predictions)
    for name, change in changes.items():
        altered = inputs.predict(_altered(batches, change, seed=seed))
        probes.append(Probe(name, ALTERED, change.what, altered, threshold))
    result = {
        **inputs.heading(predictions),
        **compare_with_probes(predictions, probes, threshold=threshold, seed=seed),
        "identity": _identity(inputs, scored, batches, seed=seed),
        "images_with_pixels_outside": {
            name: int(np.sum(scored.features["outside"][scored.labels == label] > 0))
            for label, name in enumerate(inputs.cells.classes)
        },
    }
    return result, _versions(inputs, changes, seed=seed)


def _learnt_from(inputs: AnalysisInputs) -> Cells:
    facts = inputs.context.facts
    home = home_of(facts, inputs.records)
    asked = EvaluationSet("train", records=home, trusted=inputs.trusted)
    training = load_set(facts, asked).cells
    return learnt_from(training, inputs.context.experiment)


def _measure_cells(cells: Cells, title: str) -> Measured:
    pngs = track(cells.pngs, f"measuring {title}", len(cells))
    boxes = (decode_boxes([png])[0] for png in pngs)  # The black around a box adds nothing.
    rows = [cell_features(box.pixels) for box in boxes]
    return Measured({key: np.array([row[key] for row in rows]) for key in rows[0]}, cells.labels)


def _altered(batches: tf.data.Dataset, change: Alteration, *, seed: int) -> tf.data.Dataset:
    """Alter the images of batches; random numbers depend only on the seed and the batch."""
    calls = InFlightCalls()

    def alter(images: np.ndarray, step: np.ndarray) -> np.ndarray:
        with calls:
            return change.alter(images, np.random.default_rng([seed, int(step)]))

    def alter_batch(step, batch):
        images, *rest = batch
        altered = tf.numpy_function(alter, [images, step], images.dtype)
        return tf.ensure_shape(altered, images.shape), *rest

    return batches.enumerate().map(alter_batch)


def _identity(
    inputs: AnalysisInputs, scored: Measured, batches: tf.data.Dataset, *, seed: int
) -> list[dict]:
    """Measure how well patients are identified by the network's features, and by size and colour.

    The second result is the reference for the first: patients differ in size and stain, whatever
    the network does.
    """
    pooled = keras.Model(inputs.model.input, inputs.model.get_layer("pooled").output)
    features = {
        "pooled": pooled.predict(batches, verbose=0)[: len(scored.labels)],
        "size and colour": scored.matrix(("size", "colour")),
    }
    groups = inputs.cells.groups
    return [
        {"class": name, "features": kind}
        | patient_identity(values[members], groups[members], seed=seed)
        for label, name in enumerate(inputs.cells.classes)
        for kind, values in features.items()
        for members in [scored.labels == label]
    ]


def _write(folder: Path, result: dict) -> None:
    write_json(folder / RESULT_FILE, result)
    own = {"name": "model", "kind": "model", "what": "the network"} | result["model"]
    margins = dict.fromkeys(("margin", "margin_low", "margin_high"))
    write_csv(folder / TABLE_FILE, [own | margins, *result["probes"]])


def _versions(
    inputs: AnalysisInputs, changes: dict[str, Alteration], *, seed: int
) -> list[Version]:
    """Return a few cells, sampled evenly over classes and patients, with each alteration."""
    cells = limit_cells(inputs.cells, _NUM_SHOWN, seed=seed)
    images, _, _ = next(iter(inputs.batches(cells)))
    images, rng = images.numpy(), np.random.default_rng(seed)
    versions = [Version("as it is", brighten(images), cells.labels)]
    for name, change in changes.items():
        altered = change.alter(images, rng)
        notes = [_colour_in_words(image) for image in altered] if change.one_colour else ()
        title = f"{name}\n{change.in_picture}"
        versions.append(Version(title, brighten(altered), cells.labels, notes))
    return versions


def _colour_in_words(image: np.ndarray) -> str:
    """The one colour of a filled cell, "colour 62 27 74"; by eye two are hard to tell apart."""
    red, green, blue = np.rint(image.reshape(-1, 3).max(axis=0)).astype(int)
    return f"colour {red} {green} {blue}"
