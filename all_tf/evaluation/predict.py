"""Predictions of a model for cells."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from all_tf.config.experiment import Experiment
from all_tf.data.batches import evaluation_batches
from all_tf.data.canvas_cache import canvas_lookup
from all_tf.data.cells import Cells
from all_tf.evaluation.tta import VIEWS
from all_tf.metrics.predictions import Predictions
from all_tf.runs.errors import RunError
from all_tf.system.progress import Bar, bar

POOLED = "pooled"  # The layer that averages the last feature map.


def batches_to_score(cells: Cells, experiment: Experiment, *, title: str) -> tf.data.Dataset:
    """The evaluation batches of cells, in the view of an experiment.

    Args:
        cells: Not empty.
        experiment: Its view and its batch size are used.
        title: What progress bars call the cells.
    """
    view = experiment.view
    lookup = canvas_lookup(cells, view, title=title)
    return evaluation_batches(cells, lookup=lookup, view=view, batch_size=experiment.batch_size)


def predict(
    model: keras.Model, batches: tf.data.Dataset, cells: Cells, *, tta: int = 1
) -> Predictions:
    """Logits of cells, in their order.

    Args:
        model: From images to one logit.
        batches: `batches_to_score` of these cells; the padding of the last one is cut off.
        cells: The cells of the batches, whose names and patients go into the predictions.
        tta: The number of test-time views, a key of `VIEWS`; a logit is the mean over them.

    Raises:
        RunError: A logit is infinite or not a number, so that no decision follows from it.
    """
    return checked_predictions(cells, _mean_over_views(model, batches, tta=tta)[:, 0])


def predict_with_features(
    model: keras.Model, batches: tf.data.Dataset, cells: Cells
) -> tuple[Predictions, np.ndarray]:
    """What `predict` returns of cells as they are, and the features that the last layer sees.

    Args:
        model: Of `builders.registry.build_model`, whose layer before the last is `pooled`.
        batches, cells: As `predict` takes them.

    Returns:
        The predictions, and float32 `(n, channels)`.

    Raises:
        RunError: As `predict`.
    """
    outputs = _mean_over_views(join_features(model), batches, tta=1)[: len(cells)]
    return checked_predictions(cells, outputs[:, 0]), outputs[:, 1:].astype(np.float32)


def join_features(model: keras.Model) -> keras.Model:
    """A network whose one output `(n, 1 + channels)` is the logit, then the pooled features.

    Both come from the same pass of a batch.

    Args:
        model: As `predict_with_features` takes it.
    """
    joined = keras.layers.Concatenate()([model.output, model.get_layer(POOLED).output])
    # A classifier on JAX gathers the outputs of all processes; a plain model does not.
    return type(model)(model.input, joined)


def checked_predictions(cells: Cells, logits: np.ndarray) -> Predictions:
    """The predictions that logits are for cells, in their order; those of padding are cut off.

    Raises:
        RunError: A logit is infinite or not a number.
    """
    logits = logits[: len(cells)]
    _refuse_non_finite(logits)
    return predictions_of(cells, logits)


def predictions_of(cells: Cells, logits: np.ndarray) -> Predictions:
    """The predictions that logits `(n,)` are for cells, in their order."""
    return Predictions(
        cells.names,
        cells.patients,
        cells.groups,
        cells.labels,
        logits,
        cells.folds,
        classes=cells.classes,
    )


def _mean_over_views(model: keras.Model, batches: tf.data.Dataset, *, tta: int) -> np.ndarray:
    """The output of a model as float64 `(n, outputs)`, the mean over the test-time views."""
    views = VIEWS[tta]
    with bar("scoring", len(views) * int(batches.cardinality()), unit="step") as shown:
        return np.mean([_outputs(model, batches, see, shown) for see in views], axis=0)


def _refuse_non_finite(logits: np.ndarray) -> None:
    wrong = int(np.count_nonzero(~np.isfinite(logits)))
    if wrong:
        raise RunError(
            f"The network gives no finite logit for {wrong:,} of {len(logits):,} images: its "
            "weights overflow. No prediction was saved. Train again, with a lower --learning-rate "
            f"or with --precision float32. Received: {logits[~np.isfinite(logits)][0]}"
        )


def _outputs(model: keras.Model, batches: tf.data.Dataset, see: Callable, shown: Bar) -> np.ndarray:
    seen = batches.map(lambda images, labels, mask: (see(images), labels, mask))
    tell = keras.callbacks.LambdaCallback(on_predict_batch_end=lambda batch, logs: shown.update())
    return model.predict(seen, verbose=0, callbacks=[tell]).astype(np.float64)
