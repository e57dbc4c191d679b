"""A linear probe: features of a frozen backbone, computed once, and the head that learns them."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from all_tf.config.experiment import Experiment, View
from all_tf.data.batches import evaluation_batches, steps_in_epoch, training_batches
from all_tf.data.canvas_cache import Lookup
from all_tf.data.cells import Cells
from all_tf.evaluation.predict import POOLED, batches_to_score
from all_tf.system.progress import bar
from all_tf.system.signals import raise_deferred
from all_tf.training.prepare import compile_for
from all_tf.training.prepared import Prepared
from builders.classifier import Classifier

_ONE_PIXEL = View(1, 1, 1)  # Pooled features are a feature map of this side.


def build_head(prepared: Prepared) -> Classifier:
    """The compiled head of a network, from `(batch, 1, 1, channels)` to its logit.

    It shares the last layer, and the dropout before it, with the network.
    """
    experiment, data, plan, model = prepared
    channels = model.get_layer(POOLED).output.shape[-1]
    features = keras.Input((1, 1, channels), name="features")
    maps = layers.GlobalAveragePooling2D(name=POOLED, dtype="float32")(features)
    after = model.layers.index(model.get_layer(POOLED)) + 1
    for layer in model.layers[after:]:
        maps = layer(maps)
    head = compile_for(
        experiment,
        keras.Model(features, maps, name=model.name),
        plan,
        steps=steps_in_epoch(data.fit, plan, batch_size=experiment.batch_size),
        steps_per_execution=model.steps_per_execution,
    )
    head.compile_step = model.compile_step
    return head


def batches_of_features(
    prepared: Prepared, epochs: range
) -> tuple[tf.data.Dataset, tf.data.Dataset | None]:
    """The batches of some epochs and those of the selection set, of features that are computed now.

    Args:
        prepared: The network, with the weights of its backbone.
        epochs: Numbers of the epochs, from 0.

    Returns:
        As `training_batches` and `evaluation_batches`, with features float32
        `(b, 1, 1, channels)` for images; the latter None if no epoch is chosen.
    """
    experiment, data, plan, model = prepared
    batches = training_batches(
        data.fit,
        plan,
        lookup=_feature_lookup(model, data.fit, experiment, title="training set"),
        batch_size=experiment.batch_size,
        seed=experiment.seed,
        epochs=epochs,
    )
    if not experiment.chooses:
        return batches, None
    lookup = _feature_lookup(model, data.selection, experiment, title="selection set")
    size = experiment.batch_size
    return batches, evaluation_batches(
        data.selection, lookup=lookup, view=_ONE_PIXEL, batch_size=size
    )


def _feature_lookup(
    model: keras.Model, cells: Cells, experiment: Experiment, *, title: str
) -> Lookup:
    """A function from indices to features float32 `(b, 1, 1, channels)`, all computed here."""
    pooled = keras.Model(model.input, model.get_layer(POOLED).output)
    batches = batches_to_score(cells, experiment, title=title)
    with bar(f"features, {title}", int(batches.cardinality()), unit="step") as shown:

        def end_step(batch, logs):
            shown.update()
            raise_deferred()

        tell = keras.callbacks.LambdaCallback(on_predict_batch_end=end_step)
        found = pooled.predict(batches, verbose=0, callbacks=[tell])
    features = tf.constant(np.asarray(found)[: len(cells), np.newaxis, np.newaxis])
    return lambda indices: tf.gather(features, indices)
