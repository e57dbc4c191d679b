"""Files made to harm in the place of weights, and changes that make a file of weights harmful."""

import io
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import keras
import numpy as np

KERNEL = "layers/conv2d/vars/0"  # Of base_cnn, float32 (3, 3, 3, 32).
Make = Callable[[Path, Path, Path], None]  # (file to write, secret to read, marker to leave)


def archive(config: dict, **members: bytes) -> bytes:
    """A `.keras` file around a config, with weights of a model that fits."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("config.json", json.dumps(config))
        file.writestr("metadata.json", json.dumps({"keras_version": keras.__version__}))
        for name, content in members.items():
            file.writestr(name, content)
    return buffer.getvalue()


def sequential(*layers: dict) -> dict:
    inputs = {"class_name": "InputLayer", "config": {"batch_shape": [None, 4]}}
    config = {"name": "evil", "layers": [inputs | {"module": "keras.layers"}, *layers]}
    return {"module": "keras", "class_name": "Sequential", "config": config}


def function(module: str, name: str) -> dict:
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


def calling(module: str, name: str, *arguments: str) -> dict:
    """A config whose activation, once called, would be a function of the writer's choice."""
    layer = {"module": "keras.layers", "class_name": "Activation", "registered_name": None}
    return sequential(
        layer | {"config": {"activation": function(module, name), "arguments": arguments}}
    )


def with_lambda(marker: Path) -> keras.Model:
    """A model whose Lambda leaves the marker when it is called."""
    code = f"lambda x: (__import__('pathlib').Path({str(marker)!r}).touch(), x)[1]"
    inputs = keras.Input((4,))
    return keras.Model(inputs, keras.layers.Lambda(eval(code), output_shape=(4,))(inputs))


def lambda_in_keras(path, secret, marker):
    aside = path.with_name("aside.keras")
    with_lambda(marker).save(aside)
    aside.replace(path)


def lambda_in_h5(path, secret, marker):
    config = {"module": "keras.layers", "class_name": "Lambda", "config": {"function": "evil"}}
    with h5py.File(path, "a") as file:  # Honest weights, and a model's config as of Keras 2.
        file.attrs["model_config"] = json.dumps(sequential(config))
        file.create_group("model_weights").attrs["layer_names"] = [b"lambda"]
        code = f"__import__('pathlib').Path({str(marker)!r}).touch()"
        file["model_weights"]["code"] = np.array([code], h5py.string_dtype())


def config_with_os_system(path, secret, marker):
    path.write_bytes(archive(calling("os", "system", f"touch {marker}")))


def config_with_get_file(path, secret, marker):
    arguments = (marker.name, secret.as_uri(), str(marker.parent))
    path.write_bytes(archive(calling("keras.utils", "get_file", *arguments)))


def config_with_unsafe_deserialization(path, secret, marker):
    path.write_bytes(archive(calling("keras.config", "enable_unsafe_deserialization")))


def config_with_tfsm_layer(path, secret, marker):
    layer = {"module": "keras.layers", "class_name": "TFSMLayer", "registered_name": None}
    path.write_bytes(archive(sequential(layer | {"config": {"filepath": str(secret)}})))


def config_with_string_lookup(path, secret, marker):
    layer = {"module": "keras.layers", "class_name": "StringLookup", "registered_name": None}
    path.write_bytes(archive(sequential(layer | {"config": {"vocabulary": str(secret)}})))


def path_traversal(path, secret, marker):
    path.write_bytes(archive(sequential(), **{f"../{marker.name}": b"", str(marker): b""}))


def extra_members(path, secret, marker):
    with h5py.File(path, "a") as file:  # Fits in all that Keras looks at.
        file["layers/evil/vars/0"] = np.zeros(3, np.float32)
    with zipfile.ZipFile(path, "a") as file:  # And is an archive at the same time.
        file.writestr("config.json", json.dumps(calling("os", "system", f"touch {marker}")))


def external_storage(path, secret, marker):
    with h5py.File(path, "a") as file:
        shape = file[KERNEL].shape
        del file[KERNEL]
        file.create_dataset(KERNEL, shape, "f4", external=[(str(secret), 0, 4096)])


def external_link(path, secret, marker):
    shutil.copy(path, secret)  # A file of weights that the link could well be followed into.
    with h5py.File(path, "a") as file:
        del file["layers/conv2d"]
        file["layers/conv2d"] = h5py.ExternalLink(str(secret), "layers/conv2d")


def flipped_bit(path, secret, marker):
    with h5py.File(path) as file:
        offset = file[KERNEL].id.get_offset()
    data = bytearray(path.read_bytes())
    data[offset + 5] ^= 1
    path.write_bytes(data)


TWELVE = [
    lambda_in_keras,
    lambda_in_h5,
    config_with_os_system,
    config_with_get_file,
    config_with_unsafe_deserialization,
    config_with_tfsm_layer,
    config_with_string_lookup,
    path_traversal,
    extra_members,
    external_storage,
    external_link,
    flipped_bit,
]


def soft_link(file):
    file["layers/conv2d/alias"] = h5py.SoftLink("/layers/conv2d/vars/0")


def hard_link_to_itself(file):
    file["layers/conv2d/again"] = file["layers"]


def virtual_array(file):
    plan = h5py.VirtualLayout((3, 3, 3, 32), "f4")
    plan[:] = h5py.VirtualSource("elsewhere.h5", "secret", (3, 3, 3, 32))
    del file[KERNEL]
    file.create_virtual_dataset(KERNEL, plan)


def compressed_array(file):
    del file[KERNEL]
    file.create_dataset(KERNEL, data=np.zeros((3, 3, 3, 32), "f4"), compression="gzip")


def reference(file):
    file["vars/0"] = np.array([file.ref], h5py.ref_dtype)


def named_type(file):
    file["vars/type"] = np.dtype("f4")


def a_trillion_elements(file):
    del file[KERNEL]
    file.create_dataset(KERNEL, (10**12,), "f4", chunks=(1024,))


def not_a_number(file):
    file[KERNEL][0, 0, 0, 0] = np.nan
