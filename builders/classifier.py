"""A Keras model, compiled, whose training step augments its own batches."""

from collections.abc import Callable, Sequence

import keras

from builders.fused_operations import fuse_batch_norm
from builders.weight_ema import WeightAverages

# (canvas uint8 (b, c, c, 3), labels (b, 1), step) -> images float32 (b, s, s, 3), labels (b, 1).
Augment = Callable
# Mask of one device's share of a batch (b,) -> weight of its mean loss, 1 on average.
WeighShare = Callable
# From a step to the same step, compiled.
CompileStep = Callable[[Callable], Callable]
# Logits of a batch of a validation (batch, 1), on the device.
KeepLogits = Callable


class Classifier(keras.Model):
    """A functional model that augments on its own device, during training only.

    Augmentation is not a layer, so saved weights, exports and predictions do not contain it.
    """

    augment: Augment | None = None
    weigh_share: WeighShare | None = None
    compile_step: CompileStep | None = None
    averages: WeightAverages | None = None
    keep_logits: KeepLogits | None = None  # TensorFlow only: a step of JAX changes nothing.

    def train_step(self, data):
        """One step on `(canvas, labels, mask)`; TensorFlow only, as keras-cv is."""
        images, labels, mask = data
        if self.augment is not None:
            images, labels = self.augment(images, labels, self.optimizer.iterations)
        # Augmentation stays outside: XLA lacks some of its operations. Each graph, which keeps the
        # set of weights that it was traced with, has a compiled step of its own.
        learn = self._learn if self.compile_step is None else self.compile_step(self._learn)
        return learn((images, labels, mask))

    def _learn(self, data):
        figures = super().train_step(data)
        if self.averages is not None:
            self.averages.update(self.optimizer.iterations)
        return figures

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """The mean loss over a batch; shares of several devices are weighted to add up to it."""
        loss = super().compute_loss(x, y, y_pred, sample_weight, training)
        if self.keep_logits is not None and not training:
            self.keep_logits(y_pred)
        return loss if self.weigh_share is None else loss * self.weigh_share(sample_weight)

    def get_metrics_result(self):
        """The results of all metrics in one flat dict, a metric's own entries after the tracker's.

        The loss tracker of Keras counts the rows of a padded batch as images. A metric that
        streams its own `loss` overwrites it.
        """
        flat = {}
        for name, value in super().get_metrics_result().items():
            flat.update(value if isinstance(value, dict) else {name: value})
        return flat


class JaxClassifier(Classifier):
    """The same on JAX, where a step is a pure function and batches arrive augmented."""

    train_step = keras.Model.train_step

    def predict_step(self, state, data):
        """Logits of a batch, all of them in each process where several share it."""
        logits, state = super().predict_step(state, data)
        if (shared := keras.distribution.distribution()) is not None:
            whole = keras.distribution.TensorLayout((None, None), shared.device_mesh)
            logits = keras.distribution.distribute_tensor(logits, whole)
        return logits, state


CLASSIFIERS = {"tensorflow": Classifier, "jax": JaxClassifier}


def build_classifier(
    model: keras.Model,
    *,
    loss: keras.losses.Loss,
    optimizer: keras.optimizers.Optimizer,
    metrics: Sequence[keras.metrics.Metric] = (),
    ema: float = 0.0,
    steps_per_execution: int = 1,
) -> Classifier:
    """Compile a classifier from its parts.

    Args:
        model: As `builders.registry.build_model` builds it; its weights are shared.
        loss: On labels `(batch, 1)` and logits `(batch, 1)`.
        optimizer: For this model.
        metrics: Streamed in the same pass as the loss.
        ema: Decay of averaged weights, in [0, 1), kept in `averages`; 0 for none.
        steps_per_execution: Training steps in one call of the graph, a divisor of an epoch's.
    """
    backend = keras.backend.backend()
    classifier = CLASSIFIERS[backend](model.input, model.output, name=model.name)
    fuse_batch_norm(classifier)
    if ema:
        classifier.averages = WeightAverages(classifier.trainable_variables, decay=ema)
    classifier.compile(
        optimizer=optimizer,
        loss=loss,
        # Weighted: plain metrics would not be given the mask.
        weighted_metrics=list(metrics),
        steps_per_execution=steps_per_execution,
        # On TensorFlow it would compile augmentation too; `compile_step` is for the rest.
        jit_compile=backend == "jax",
    )
    return classifier
