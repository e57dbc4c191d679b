"""Builds a model from the name of an architecture."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import keras

from builders.architecture_info import CATALOGUE
from builders.head import add_head
from builders.torch_import import load_packaged
from builders.weights import FILE_SUFFIX, WeightsError, load_file, load_published


def build_model(
    arch: str,
    *,
    image_size: int,
    weights: str,
    dropout: float = 0.0,
    precision: str = "float32",
) -> keras.Model:
    """A flat functional model from raw pixels to one logit.

    Where the weights come from a file, prints whether it was of the whole model or of the backbone
    alone.

    Args:
        arch: A key of `CATALOGUE`.
        image_size: Side of the input in pixels.
        weights: "imagenet", "none", or the path of a `.weights.h5` file of the whole model or of
            its backbone.
        dropout: Share of the pooled features that a training step leaves out, in [0, 1).
        precision: In which the layers of the backbone compute, a policy of Keras: "float32",
            "mixed_bfloat16" or "mixed_float16". Weights, input and head are float32 in all.

    Returns:
        Model from `(batch, image_size, image_size, 3)` in [0, 255] to float32 `(batch, 1)`; the
        layer that averages the feature map is called `pooled`. Preprocessing lies inside.

    Raises:
        ValueError: `arch` is unknown, or its weights cannot be had (`WeightsError`).
    """
    if arch not in CATALOGUE:
        raise ValueError(f"Unknown arch. Known: {', '.join(CATALOGUE)}. Received: arch={arch!r}")
    pixels = keras.Input((image_size, image_size, 3), name="image", dtype="float32")
    with _computing_in(precision):
        features = CATALOGUE[arch].features(pixels)
    model = keras.Model(pixels, add_head(features, dropout=dropout), name=arch)
    if weights == "imagenet":
        _load_imagenet(arch, keras.Model(pixels, features))
    elif weights != "none":
        part = load_file(model, Path(weights))
        rest = ", head random" if part == "backbone" else ""
        print(f"weights: {part} of {arch} from {weights}{rest}")
    return model


@contextmanager
def _computing_in(precision: str) -> Iterator[None]:
    """Set the precision of layers that are built in this context, and of no others."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _load_imagenet(arch: str, backbone: keras.Model) -> None:
    load, url, package = CATALOGUE[arch].load_imagenet, CATALOGUE[arch].url, CATALOGUE[arch].package
    if not url:
        raise WeightsError(f"{arch} has no ImageNet weights. Pass --weights none.")
    if load is not None:
        load_published(backbone, load, url=url)
        return
    if package:
        load_packaged(arch, backbone, package=package)
        return
    raise WeightsError(
        f"Keras publishes no ImageNet weights of {arch}; PyTorch's have to be converted once. "
        f"Download {url}, run python scripts/import_weights.py --arch {arch} "
        f"--from {url.rpartition('/')[2]} --out {arch}{FILE_SUFFIX}, then pass "
        f"--weights {arch}{FILE_SUFFIX}; or --weights none to start from random weights."
    )
