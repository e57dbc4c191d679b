"""Grad-CAM: maps of where in an image a network finds evidence for either class."""

from collections.abc import Callable, Iterator

import keras
import numpy as np
import tensorflow as tf

from all_tf.analysis.explanation_checks import ALL_LAYERS
from all_tf.evaluation.predict import POOLED

_BATCH = 16  # Images at a time; the tape keeps every feature map in memory.


def evidence_maps(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """Compute what each pixel of the last feature map adds to the logit, above 0 for positive.

    Selvaraju et al., 2017, arXiv:1610.02391: the mean gradient of the logit over a feature map is
    that map's weight (equation 1), and the weighted sum of the maps is the evidence (equation 2),
    here without the ReLU. The two classes share one logit, and the negative logit has the negative
    gradient, so the Grad-CAM of the positive class is `maximum(evidence, 0)` and
    that of the other one `maximum(-evidence, 0)`.

    Args:
        model: A model that `builders.registry.build_model` built.
        images: `(n, s, s, 3)` in [0, 255].

    Returns:
        float32 `(n, h, w)`. Its sum over an image is the logit minus the bias of the last layer,
        because that layer directly follows the average pooling.

    Raises:
        ValueError: The feature map is a single pixel and can show nothing.
    """
    require_map(model)
    features = model.get_layer(POOLED).input
    both = keras.Model(model.input, [features, model.output])
    starts = range(0, len(images), _BATCH)
    return np.concatenate([_evidence(both, images[n : n + _BATCH]) for n in starts])


def require_map(model: keras.Model) -> None:
    """Raise unless the last feature map of a model can show where something is.

    Raises:
        ValueError: It is a single pixel.
    """
    features = model.get_layer(POOLED).input
    if features.shape[1] * features.shape[2] == 1:
        raise ValueError(
            "The last feature map of this network is a single pixel at this image size, and a map "
            "of it would show nothing. Train with a larger --image-size. "
            f"Received: image size {model.input.shape[1]}"
        )


def _evidence(both: keras.Model, images: np.ndarray) -> np.ndarray:
    with tf.GradientTape() as tape:
        pixels = tf.convert_to_tensor(images, tf.float32)
        tape.watch(pixels)  # The tape records nothing of a network with frozen weights otherwise.
        maps, logits = both(pixels, training=False)
    gradients = tf.cast(tape.gradient(logits, maps), tf.float32)
    weights = tf.reduce_mean(gradients, axis=(1, 2))  # (n, channels)
    return tf.einsum("nhwc,nc->nhw", tf.cast(maps, tf.float32), weights).numpy()


def randomised_maps(
    model: keras.Model, images: np.ndarray, *, draw: Callable[[], keras.Model]
) -> Iterator[tuple[str, np.ndarray]]:
    """Compute the maps of a network in which more or fewer layers have random weights.

    Adebayo et al., 2018, arXiv:1810.03292, section 3.1: a map that does not change explains the
    image and not the network.

    Args:
        model: The trained network; it is not changed.
        images: `(n, s, s, 3)` in [0, 255].
        draw: Returns a network of the same architecture with random weights; called once.

    Yields:
        The name of the random layers, and the maps of `evidence_maps`.
    """
    mixture = draw()
    learnt, random = ([x for x in m.layers if x.weights] for m in (model, mixture))
    # From all layers random to the last one only, so that only trained weights need to be copied.
    for name, num_kept in (
        (ALL_LAYERS, 0),
        ("upper half", len(learnt) // 2),
        ("last layer", len(learnt) - 1),
    ):
        for source, target in zip(learnt[:num_kept], random[:num_kept], strict=True):
            target.set_weights(source.get_weights())
        yield name, evidence_maps(mixture, images)
