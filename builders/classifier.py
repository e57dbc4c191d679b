"""A model with loss and optimizer, compiled, whose training step augments its own batches."""

from collections.abc import Callable, Sequence

import keras

from builders.registry import build_model

# (canvas uint8 (b, c, c, 3), labels (b, 1), step) -> images float32 (b, s, s, 3), labels (b, 1).
Augment = Callable


class Classifier(keras.Model):
    """A functional model that augments on its own device while it trains, and only then.

    Augmentation is no layer: saved weights, exports and predictions know nothing of it.
    """

    augment: Augment | None = None

    def train_step(self, data):
        """One step on `(canvas, labels, mask)`; TensorFlow only, as keras-cv is."""
        images, labels, mask = data
        if self.augment is not None:
            images, labels = self.augment(images, labels, self.optimizer.iterations)
        return super().train_step((images, labels, mask))

    def get_metrics_result(self):
        """The results of all metrics in one flat dict, a metric's own entries after the tracker's.

        The loss tracker of Keras counts the rows of a padded batch as images. A metric that
        streams its own `loss` thereby has the last word.
        """
        flat = {}
        for name, value in super().get_metrics_result().items():
            flat.update(value if isinstance(value, dict) else {name: value})
        return flat


def build_classifier(
    arch: str,
    *,
    image_size: int,
    weights: str,
    loss: keras.losses.Loss,
    learning_rate: float,
    metrics: Sequence[keras.metrics.Metric] = (),
) -> Classifier:
    """A compiled classifier with Adam; the caller decides, this puts together.

    Args:
        arch: A key of `builders.registry.ARCHITECTURES`.
        image_size: Side of the input in pixels.
        weights: As `build_model` takes them.
        loss: On labels `(batch, 1)` and logits `(batch, 1)`.
        learning_rate: Of Adam, positive.
        metrics: Streamed in the same pass as the loss.

    Raises:
        ValueError: As `build_model` says.
    """
    model = build_model(arch, image_size=image_size, weights=weights)
    classifier = Classifier(model.input, model.output, name=arch)
    classifier.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        loss=loss,
        # Weighted: plain metrics would not be given the mask.
        weighted_metrics=list(metrics),
        # On CPU XLA trains EfficientNetB0 three times slower than the plain graph.
        jit_compile=False,
    )
    return classifier
