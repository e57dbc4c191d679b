"""Grad-CAM: where in a cell a network finds what speaks for ALL, and what speaks for HEM."""

from collections.abc import Callable, Iterator

import keras
import numpy as np
import tensorflow as tf

from all_tf.analysis.explanation_checks import ALL_LAYERS

_POOLED = "pooled"  # The layer that averages the last feature map.
_BATCH = 16  # Images at a time: the tape keeps every map between the pixels and the logit.


def evidence_maps(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """What each place of the last feature map adds to the logit: above 0 for ALL, below for HEM.

    Selvaraju et al., 2017, arXiv:1610.02391: the mean gradient of the logit over a feature map is
    that map's weight (equation 1), and the weighted sum of the maps is the evidence (equation 2)
    before its negative half is cut off. Of two classes that share one logit, either half is the
    Grad-CAM of one: `maximum(evidence, 0)` of ALL, `maximum(-evidence, 0)` of HEM, for the negative
    logit has the negative gradient.

    Args:
        model: As `builders.registry.build_model` builds it.
        images: `(n, s, s, 3)` in [0, 255].

    Returns:
        float32 `(n, h, w)`. Its sum over an image is the logit less the bias of the last layer,
        as that layer follows the average without anything between.

    Raises:
        ValueError: The feature map is a single pixel, so that nothing can be shown on it.
    """
    features = model.get_layer(_POOLED).input
    if features.shape[1] * features.shape[2] == 1:
        raise ValueError(
            "The last feature map of this network is a single pixel at this image size, and a map "
            "of it would show nothing. Train with a larger --image-size. "
            f"Received: image size {model.input.shape[1]}"
        )
    both = keras.Model(model.input, [features, model.output])
    starts = range(0, len(images), _BATCH)
    return np.concatenate([_evidence(both, images[n : n + _BATCH]) for n in starts])


def _evidence(both: keras.Model, images: np.ndarray) -> np.ndarray:
    with tf.GradientTape() as tape:
        pixels = tf.convert_to_tensor(images, tf.float32)
        tape.watch(pixels)  # Else nothing is recorded of a network whose weights are frozen.
        maps, logits = both(pixels, training=False)
    gradients = tf.cast(tape.gradient(logits, maps), tf.float32)
    weights = tf.reduce_mean(gradients, axis=(1, 2))  # (n, channels)
    return tf.einsum("nhwc,nc->nhw", tf.cast(maps, tf.float32), weights).numpy()


def randomised_maps(
    model: keras.Model, images: np.ndarray, *, draw: Callable[[], keras.Model]
) -> Iterator[tuple[str, np.ndarray]]:
    """The maps of networks that have forgotten more and more, from the last layer to the first.

    Adebayo et al., 2018, arXiv:1810.03292, section 3.1: a map that survives this explains the image
    and not the network.

    Args:
        model: Trained; left as it is.
        images: As `evidence_maps` takes them.
        draw: Gives a network like it with random weights; called once.

    Yields:
        Which layers are random, and `evidence_maps` then.
    """
    mixture = draw()
    learnt, random = ([x for x in m.layers if x.weights] for m in (model, mixture))
    # Backwards, from all random to the last layer alone: then only the mixture is ever changed.
    for name, num_kept in (
        (ALL_LAYERS, 0),
        ("upper half", len(learnt) // 2),
        ("last layer", len(learnt) - 1),
    ):
        for source, target in zip(learnt[:num_kept], random[:num_kept], strict=True):
            target.set_weights(source.get_weights())
        yield name, evidence_maps(mixture, images)
