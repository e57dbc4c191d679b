"""Writes a portable model in each format, with Keras' own exporters."""

import json
import os
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from all_tf.export.export_folder import ExportTarget
from all_tf.runs.errors import RunError
from all_tf.system.checks import ConfigError
from all_tf.system.extras import require_modules

# Packages beside TensorFlow and Keras that write a format or open it, and their modules.
_NEEDED = {
    "onnx": {"tf2onnx": "tf2onnx", "onnx": "onnx", "onnxruntime": "onnxruntime"},
    "litert": {"ai-edge-litert": "ai_edge_litert"},
}


def require_packages(target: ExportTarget) -> dict[str, str]:
    """Return the versions of the packages that write a format and open it.

    Raises:
        ConfigError: One of them is not installed, or Keras does not compute by TensorFlow.
    """
    if (backend := keras.backend.backend()) != "tensorflow":
        raise ConfigError(f"Expected Keras on TensorFlow to export. Received: {backend!r}")
    needed = _NEEDED.get(target.format, {})
    require_modules(needed.values(), extra="export", what=f"--format {target.format}")
    return {package: version(package) for package in ("tensorflow", "keras", *needed)}


def write_model(
    model: keras.Model,
    path: Path,
    target: ExportTarget,
    *,
    about: Mapping[str, object],
    images: np.ndarray | None = None,
) -> None:
    """Write a model to a file, or for a SavedModel to a folder.

    Args:
        model: As `portable_model` builds it.
        path: Its name ends as the format's does.
        target: Format and quantisation.
        about: What an ONNX file, which has a place for it, says of itself.
        images: For int8: training images, uint8 `(n, 450, 450, 3)`.

    Raises:
        OSError: The disk is full.
        RunError: A converter refuses the model, or cannot write.
    """
    try:
        with warnings.catch_warnings(), _without_messages():
            # Of tf2onnx, by what Keras adds to numpy for it: "np.object will be defined".
            warnings.simplefilter("ignore", FutureWarning)
            _convert(model, path, target, images)
    except OSError:
        raise
    except Exception as error:  # Each converter has errors of its own, for a full disk too.
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise RunError(f"{path.name} could not be written: {reason[-1]}") from error
    if target.format == "onnx":
        _describe_onnx(path, about)


def _convert(
    model: keras.Model, path: Path, target: ExportTarget, images: np.ndarray | None
) -> None:
    if target.format == "keras":
        model.save(path)
        return
    exporter = {"savedmodel": "tf_saved_model"}.get(target.format, target.format)
    options = _options(target, images)
    # Keras infers the same, for ONNX only once a model has been called.
    shape = model.input_shape
    options["input_signature"] = [keras.InputSpec(shape=shape, dtype="uint8", name="image")]
    model.export(path, format=exporter, verbose=False, **options)


@contextmanager
def _without_messages() -> Iterator[None]:
    """Drop what the C++ libraries write to file descriptor 2; their errors are exceptions, too."""
    sys.stderr.flush()
    screen, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(screen, 2)
        os.close(screen)
        os.close(nowhere)


def _options(target: ExportTarget, images: np.ndarray | None) -> dict[str, Any]:
    """Settings of TensorFlow's converter to LiteRT, by the names of its attributes."""
    if target.quantize is None:
        return {}
    options: dict[str, Any] = {"optimizations": [tf.lite.Optimize.DEFAULT]}
    if target.quantize == "float16":
        return options | {"target_spec": {"supported_types": [tf.float16]}}

    def one_by_one() -> Iterator[list[np.ndarray]]:
        for image in images if images is not None else ():
            yield [image[np.newaxis]]

    return options | {"representative_dataset": one_by_one}


def _describe_onnx(path: Path, about: Mapping[str, object]) -> None:
    import onnx  # Here: it is in an extra.

    model = onnx.load(path)
    model.producer_name = "all_tf"
    onnx.helper.set_model_props(model, {key: _text(value) for key, value in about.items()})
    sides = ("n", "height", "width")
    for name, value in zip(sides, model.graph.input[0].type.tensor_type.shape.dim, strict=False):
        value.dim_param = name
    for output in model.graph.output:
        output.type.tensor_type.shape.dim[0].dim_param = "n"
    onnx.checker.check_model(model)
    onnx.save(model, path)


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
