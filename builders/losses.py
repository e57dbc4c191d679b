"""Losses on one logit: weighted by class, soft labels and masks honoured."""

import keras
from keras import ops


def weighted_binary_crossentropy(labels, logits, *, class_weights: tuple[float, float]):
    """Binary cross-entropy in which each share of a label weighs as much as its class.

    `-w1 y log(s(z)) - w0 (1 - y) log(1 - s(z))`, with s the logistic function. King and Zeng,
    2001, Political Analysis 9(2), section 4.2.

    Args:
        labels: float `(batch, 1)` in [0, 1]; 1 is the disease. Values between are mixed labels.
        logits: float32 `(batch, 1)`.
        class_weights: Weights of class 0 and class 1, positive; (1, 1) is the plain loss.

    Returns:
        float32 `(batch,)`, in nats, never negative.
    """
    labels = ops.cast(labels, logits.dtype)
    hem, disease = class_weights
    loss = disease * labels * ops.softplus(-logits) + hem * (1 - labels) * ops.softplus(logits)
    return ops.squeeze(loss, axis=-1)


class WeightedBinaryCrossentropy(keras.losses.Loss):
    """`weighted_binary_crossentropy`, averaged over the images that the sample weight lets in.

    Args:
        class_weights: Weights of class 0 (HEM) and class 1 (ALL), positive.
    """

    def __init__(self, class_weights: tuple[float, float] = (1.0, 1.0)):
        # The sample weight is the mask of a padded batch: the mean is over the real images.
        super().__init__(name="weighted_bce", reduction="mean_with_sample_weight")
        self.class_weights = tuple(class_weights)

    def call(self, y_true, y_pred):
        return weighted_binary_crossentropy(y_true, y_pred, class_weights=self.class_weights)

    def get_config(self):
        return {"class_weights": self.class_weights}
