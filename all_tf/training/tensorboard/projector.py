"""Features of cells for TensorBoard's projector, with small images and labels."""

import shutil
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from tensorboard.plugins.projector import ProjectorConfig, visualize_embeddings

from all_tf.data.cells import Cells, limit_cells
from all_tf.evaluation.predict import batches_to_score
from all_tf.metrics.scored_set import ScoredSet
from all_tf.training.prepared import Prepared
from tfrecords.store.files import atomic_write, write_text

_FOLDER = "projector"  # Beside the configuration that TensorBoard reads.
_CONFIG_FILE = "projector_config.pbtxt"
_MOST_CELLS = 1000  # More make the projector slow.
_SPRITE_SIDE = 64  # Pixels of a cell; 32 in a row make 2,048, of the 8,192 that browsers take.


def drop_feature_map(folder: Path) -> None:
    """Remove the files of `write_feature_map`, if there are any."""
    (folder / _CONFIG_FILE).unlink(missing_ok=True)
    shutil.rmtree(folder / _FOLDER, ignore_errors=True)


def write_feature_map(folder: Path, prepared: Prepared, scored: ScoredSet) -> None:
    """Write the pooled features of cells of the selection set, with an image of each.

    At most 1,000 cells are sampled evenly over classes and patients. Patients have pseudonyms.

    Args:
        folder: The folder of the run's event files.
        prepared: The run; its model has the best weights.
        scored: The selection set with its predictions.
    """
    experiment = prepared.experiment
    cells = limit_cells(prepared.data.selection, _MOST_CELLS, seed=experiment.seed)
    (folder / _FOLDER).mkdir()
    batches = batches_to_score(cells, experiment, title="cells of the projector")
    model = keras.Model(prepared.model.inputs, prepared.model.get_layer("pooled").output)
    features = model.predict(batches, verbose=0)[: len(cells)].astype(np.float32)
    with atomic_write(folder / _FOLDER / "features.tsv") as partial:
        np.savetxt(partial, features, fmt="%.5g", delimiter="\t")
    _write_labels(folder / _FOLDER / "labels.tsv", cells, scored)
    sprite = tf.io.encode_png(_sprite(batches, len(cells)))
    with atomic_write(folder / _FOLDER / "sprite.png") as partial:
        partial.write_bytes(sprite.numpy())
    config = ProjectorConfig()
    embedding = config.embeddings.add()
    embedding.tensor_name = "pooled features"
    embedding.tensor_path = f"{_FOLDER}/features.tsv"
    embedding.metadata_path = f"{_FOLDER}/labels.tsv"
    embedding.sprite.image_path = f"{_FOLDER}/sprite.png"
    embedding.sprite.single_image_dim.extend([_SPRITE_SIDE, _SPRITE_SIDE])
    visualize_embeddings(str(folder), config)


def _write_labels(path: Path, cells: Cells, scored: ScoredSet) -> None:
    predictions, classes = scored.predictions, scored.predictions.classes
    decisions = predictions.decisions(scored.report["threshold"])
    place_of = {name: place for place, name in enumerate(predictions.names)}
    pseudonym_of = {row["patient"]: row["pseudonym"] for row in scored.patients}
    lines = ["class\tcalled\tscore\tpatient"]
    for place in (place_of[name] for name in cells.names):
        lines.append(
            f"{classes[predictions.labels[place]]}\t{classes[decisions[place]]}\t"
            f"{predictions.calibrated_scores[place]:.3f}\t"
            f"{pseudonym_of[predictions.patients[place]]}"
        )
    write_text(path, "\n".join(lines) + "\n")


def _sprite(batches: tf.data.Dataset, num_cells: int) -> np.ndarray:
    """Return all images in one square, row by row: uint8 `(k * side, k * side, 3)`."""
    size = (_SPRITE_SIDE, _SPRITE_SIDE)
    small = batches.map(lambda images, labels, mask: tf.image.resize(images, size, antialias=True))
    small = np.concatenate([np.rint(each) for each in small.as_numpy_iterator()])[:num_cells]
    across = int(np.ceil(np.sqrt(num_cells)))
    square = np.zeros((across**2, *size, 3), np.uint8)
    square[:num_cells] = small
    return np.hstack(list(np.hstack(list(square.reshape(across, across, *size, 3)))))
