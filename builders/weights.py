"""Loads the weights that a model starts from: ImageNet's, from Keras, or those of a file."""

import os
import warnings
from collections.abc import Callable
from pathlib import Path

import keras

from builders.hdf5_child import inspect_weights
from builders.hdf5_weights import WeightsError

FILE_SUFFIX = ".weights.h5"
_DONOR_SIDE = 224  # Pixels; no weight depends on it, but MobileNets warn about other sides.
_WAYS_OUT = (
    "pass --weights none to start from random weights, "
    f"or --weights FILE{FILE_SUFFIX} to start from a file of your own"
)


def copy_imagenet(backbone: keras.Model, application: Callable[..., keras.Model]) -> None:
    """Copy ImageNet weights into a model whose weights come in the same order.

    Args:
        backbone: From pixels to a feature map.
        application: One of `keras.applications`; it downloads, checks and loads its own file.
    """
    shape = (_DONOR_SIDE, _DONOR_SIDE, 3)
    donor = application(include_top=False, weights="imagenet", input_shape=shape)
    backbone.set_weights(donor.get_weights())


def load_published(backbone: keras.Model, load: Callable[[keras.Model], None], *, url: str) -> None:
    """Have Keras download, check by its published hash and load a file of ImageNet weights.

    Args:
        backbone: From pixels to a feature map.
        load: Of the architecture's row; it makes Keras do so.
        url: Where Keras finds the file, for the message.

    Raises:
        WeightsError: The file cannot be downloaded, or is truncated or altered.
    """
    path = _keras_home() / "models" / url.rpartition("/")[2]
    state = "is not the published file (truncated or altered?)" if path.exists() else "is not there"
    try:
        load(backbone)
    except Exception as error:  # Keras raises a bare Exception where a download fails.
        raise WeightsError(
            f"The ImageNet weights cannot be had: {path} {state}, and its download failed: "
            f"{error}. Download {url} to that place yourself; or {_WAYS_OUT}."
        ) from error


def load_file(model: keras.Model, path: Path) -> str:
    """Load weights that `save_weights` wrote, of the whole model or of its backbone alone.

    Keras opens the file once a child process has read it to its end and found plain arrays of the
    expected shapes and no more, so that it can carry no code, name no other file, ask for no more
    memory than the model has and keep HDF5 busy for ever.

    Args:
        model: A flat model whose layer `pooled` takes the backbone's feature map.
        path: A file of the model, or of `keras.Model(pixels, features)`.

    Returns:
        "whole model", or "backbone" where the head keeps its random weights.

    Raises:
        WeightsError: No such file, another kind of file, another architecture's, one that holds
            more than plain arrays, or one whose values do not have its checksum.
    """
    if not path.name.endswith(FILE_SUFFIX):
        raise WeightsError(f"Expected imagenet, none or a file *{FILE_SUFFIX}. Received: {path}")
    if not path.is_file():
        raise WeightsError(f"No such file of weights: {path}")
    backbone = keras.Model(model.input, model.get_layer("pooled").input)
    try:
        found, problem = inspect_weights(path)
        # Keras would leave aside whatever it has no place for.
        for part, network in (("whole model", model), ("backbone", backbone)):
            if found == sorted(tuple(weight.shape) for weight in network.weights):
                if problem:
                    raise WeightsError(problem)
                _load(network, path)
                return part
    except WeightsError as error:
        if str(path) in str(error):
            raise
        raise WeightsError(f"{path}: {error}") from error
    except Exception as error:  # h5py has no error of its own for a damaged file.
        raise WeightsError(f"{path} does not fit {model.name}: {error}") from error
    raise WeightsError(
        f"{path} does not fit {model.name}. Expected the {len(model.weights)} arrays of the whole "
        f"model or the {len(backbone.weights)} of its backbone. Received {len(found)} arrays, in "
        "part of other shapes."
    )


def _load(model: keras.Model, path: Path) -> None:
    """Load all weights; where a part of the file does not fit, Keras may only warn."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        model.load_weights(path)
    for warning in caught:
        if issubclass(warning.category, UserWarning):
            raise ValueError(str(warning.message))


def _keras_home() -> Path:
    """The folder of Keras' files, for which Keras has no public name."""
    return Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser()
