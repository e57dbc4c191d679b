"""HDF5 files of weights: inspected before Keras opens them, saved with a checksum."""

import hashlib
from pathlib import Path

import h5py
import numpy as np

LAYERS = "layers/"  # Where Keras puts a model's weights; an optimizer's lie elsewhere.
_CHECKSUM = "sha256_of_layers"  # An attribute of the file; Keras neither writes nor reads it.
_PLAIN_LAYOUTS = (h5py.h5d.COMPACT, h5py.h5d.CONTIGUOUS, h5py.h5d.CHUNKED)
_NUMBERS = "fiu"  # Floats; integers of an optimizer's steps and of random seeds.


class WeightsError(ValueError):
    """The weights asked for cannot be had, or do not fit; the message says what to do."""


def read_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Shapes of the arrays of layers by their names, of a file that holds plain arrays only.

    HDF5 can name other files as the place of an array or of a whole group, and can claim sizes that
    it does not hold. No such name is followed and no array is read here.

    Raises:
        Exception: No HDF5, or a damaged file; h5py raises exceptions of several types.
        WeightsError: Anything in the file is more than a group or an array of plain numbers.
    """
    shapes = {}
    with h5py.File(path, "r") as file:
        _refuse_keras_2(file, path)
        groups, seen = [file], {_address(file)}
        while groups:
            group = groups.pop()
            for name in group:
                item = _open_member(group, name, path)
                if _address(item) in seen:
                    raise _refusal(path, item.name, "a second name of another part")
                seen.add(_address(item))
                if isinstance(item, h5py.Group):
                    groups.append(item)
                else:
                    _check_plain(item, path)
                    shapes[item.name.removeprefix("/")] = item.shape
    return {name: shape for name, shape in shapes.items() if name.startswith(LAYERS)}


def check_values(path: Path) -> None:
    """Compare the arrays of layers with the checksum in the file, if any; refuse NaN in any case.

    Args:
        path: A file that `read_shapes` accepted, with the expected shapes.

    Raises:
        WeightsError: The values do not have the checksum, or are not finite.
    """
    with h5py.File(path, "r") as file:
        _check_size(file, path)
        digest = _digest_layers(file, path)
        expected = file.attrs.get(_CHECKSUM)
    if expected is not None and expected != digest:
        raise WeightsError(
            f"{path} was changed since it was written, or is damaged: the SHA-256 of its arrays is "
            "not the one that it holds. Copy it again, or train again."
        )


def add_digest(path: Path) -> None:
    """Write the SHA-256 of its arrays into a file that Keras saved; HDF5 has none of its own."""
    with h5py.File(path, "r+") as file:
        file.attrs[_CHECKSUM] = _digest_layers(file, path)


def _digest_layers(file: h5py.File, path: Path) -> str:
    """SHA-256 over names, types, shapes and values of the arrays of layers, sorted by name."""
    arrays = {}
    file.visititems(lambda name, item: arrays.update({name: item}))
    digest = hashlib.sha256()
    for name, item in sorted(arrays.items()):
        if name.startswith(LAYERS) and isinstance(item, h5py.Dataset):
            values = np.ascontiguousarray(item[()])
            if not np.all(np.isfinite(values)):
                raise WeightsError(
                    f"{path}: {name} holds numbers that are not finite. Train again."
                )
            digest.update(f"{name} {values.dtype.str} {values.shape}\n".encode())
            digest.update(values.tobytes())
    return digest.hexdigest()


def _refuse_keras_2(file: h5py.File, path: Path) -> None:
    """Refuse what Keras 2, and Keras 3 for whole models, write to files of the same suffix."""
    if "layer_names" in file.attrs or "model_weights" in file or "model_config" in file.attrs:
        raise WeightsError(
            f"{path} holds the weights of Keras 2, or a whole model in the format of Keras 2. "
            "Expected a file by save_weights of Keras 3. Open it with the program that wrote it, "
            "under Keras 3, and call model.save_weights('NAME.weights.h5')."
        )


def _check_size(file: h5py.File, path: Path) -> None:
    """Refuse arrays that claim more bytes than the file has: memory would be taken for them."""
    sizes: list[int] = []
    file.visititems(lambda _, item: sizes.append(getattr(item, "nbytes", 0)))
    if sum(sizes) > (num_bytes := path.stat().st_size):
        raise WeightsError(
            f"{path} is damaged: its arrays claim {sum(sizes):,} bytes, the file has "
            f"{num_bytes:,}. Copy it again, or train again."
        )


def _open_member(group: h5py.Group, name: str, path: Path) -> h5py.Group | h5py.Dataset:
    """A member that lies in the file itself."""
    link = group.get(name, getlink=True)
    if not isinstance(link, h5py.HardLink):
        raise _refusal(path, f"{group.name}/{name}", "a link, perhaps to another file")
    kind = group.get(name, getclass=True)
    if kind not in (h5py.Group, h5py.Dataset):
        raise _refusal(path, f"{group.name}/{name}", "neither a group nor an array")
    return group[name]


def _check_plain(array: h5py.Dataset, path: Path) -> None:
    """Refuse an array that is stored elsewhere, or that needs more than reading."""
    plan = array.id.get_create_plist()
    if plan.get_layout() not in _PLAIN_LAYOUTS or plan.get_external_count():
        raise _refusal(path, array.name, "an array whose values lie in other files")
    if plan.get_nfilters():
        raise _refusal(path, array.name, "a compressed or filtered array, which Keras never writes")
    if array.dtype.kind not in _NUMBERS or array.shape is None:
        raise _refusal(path, array.name, f"an array of {array.dtype}, not of numbers")


def _refusal(path: Path, name: str, what: str) -> WeightsError:
    return WeightsError(
        f"{path} is refused: its part {name!r} is {what}. Expected groups and plain arrays only, "
        "as save_weights of Keras writes them. Do not trust whoever made this file."
    )


def _address(item: h5py.Group | h5py.Dataset) -> int:
    """Where in the file it begins: equal for two names of the same thing."""
    return h5py.h5o.get_info(item.id).addr
