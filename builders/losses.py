"""Losses on one logit, weighted by class, with soft labels, label smoothing and masks."""

import math
from collections.abc import Callable

import keras
from keras import ops

_GAMMA = 2.0  # Lin et al. found it best.


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
    return focal_loss(labels, logits, class_weights=class_weights, gamma=0.0)


def focal_loss(labels, logits, *, class_weights: tuple[float, float], gamma: float = _GAMMA):
    """Cross-entropy that fades as an image becomes easy.

    `-w1 y (1 - s(z))^gamma log(s(z)) - w0 (1 - y) s(z)^gamma log(1 - s(z))`: Lin et al., 2017,
    arXiv:1708.02002, equation 5, the class weights in the place of its alpha. A label between 0
    and 1 costs each of its shares what the whole label would cost.

    Args:
        labels: As `weighted_binary_crossentropy` takes them, like the next two.
        logits: float32 `(batch, 1)`.
        class_weights: Weights of class 0 and class 1, positive.
        gamma: How fast easy images fade, not negative. 0 gives plain cross-entropy.

    Returns:
        float32 `(batch,)`, in nats, never negative.
    """
    labels = ops.cast(labels, logits.dtype)
    hem, disease = class_weights
    # Minus the logarithms of s(z) and of 1 - s(z), finite for any logit.
    if_disease, if_hem = ops.softplus(-logits), ops.softplus(logits)
    loss = disease * labels * ops.exp(-gamma * if_hem) * if_disease
    loss = loss + hem * (1 - labels) * ops.exp(-gamma * if_disease) * if_hem
    return ops.squeeze(loss, axis=-1)


class ClassWeightedLoss(keras.losses.Loss):
    """A loss on one logit, averaged over the images with a positive sample weight.

    Smoothing belongs to the loss: wherever a run's loss is given, in training and in validation,
    it is one and the same function of labels and logits.

    Args:
        class_weights: Weights of class 0 and class 1, both above 0.
        label_smoothing: e, in [0, 1): a label y becomes `y (1 - e) + e / 2`. Szegedy et al., 2016,
            arXiv:1512.00567, section 7.

    Raises:
        ValueError: A class has no weight.
    """

    function: Callable  # (labels, logits, class_weights=...) -> (batch,).

    def __init__(
        self, class_weights: tuple[float, float] = (1.0, 1.0), *, label_smoothing: float = 0.0
    ):
        # The sample weight is the mask of a padded batch: the mean is over the real images.
        super().__init__(name=self.function.__name__, reduction="mean_with_sample_weight")
        if len(class_weights) != 2 or not all(0 < weight < math.inf for weight in class_weights):
            raise ValueError(
                "Expected a positive weight for each of the two classes; one that "
                f"weighs nothing is not learnt. Received: class_weights={class_weights}"
            )
        self.class_weights = tuple(class_weights)
        self.label_smoothing = label_smoothing

    def call(self, y_true, y_pred):
        """One value an image: `(batch,)`."""
        labels = ops.cast(y_true, y_pred.dtype)
        labels = labels * (1 - self.label_smoothing) + self.label_smoothing / 2
        return self.function(labels, y_pred, class_weights=self.class_weights)

    def get_config(self):
        """The arguments."""
        return {"class_weights": self.class_weights, "label_smoothing": self.label_smoothing}


class WeightedBinaryCrossentropy(ClassWeightedLoss):
    """`weighted_binary_crossentropy`, smoothed, masked and averaged."""

    function = staticmethod(weighted_binary_crossentropy)


class FocalLoss(ClassWeightedLoss):
    """`focal_loss`, smoothed, masked and averaged."""

    function = staticmethod(focal_loss)


LOSSES: dict[str, type[ClassWeightedLoss]] = {
    "weighted_bce": WeightedBinaryCrossentropy,
    "focal": FocalLoss,
}
