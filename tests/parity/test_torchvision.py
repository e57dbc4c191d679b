"""Pooled features equal torchvision's, weight for weight; needs PyTorch: `make test-parity`."""

import hashlib
import subprocess
import sys
import types
from functools import cache
from pathlib import Path

import keras
import numpy as np
import pytest

from builders.architecture_info import CATALOGUE
from builders.preprocessing import IMAGENET_MEAN, IMAGENET_STD
from builders.torch_import import PUBLISHED, Published, copy_tensors, import_weights
from builders.torch_reader import read_tensors
from builders.weights import WeightsError

torch = pytest.importorskip("torch", reason="make test-parity installs PyTorch and runs these")
torch.set_num_threads(1)  # Beside TensorFlow's own, more threads wait for each other: ten times.
# Its compiled operators may want CUDA; no model needs them.
sys.modules["torchvision._meta_registrations"] = types.ModuleType("none")
models = pytest.importorskip("torchvision").models
save_file = pytest.importorskip("safetensors.torch").save_file

ARCHITECTURES: dict[str, Published] = PUBLISHED | {
    # Keras publishes weights of its own; torchvision's hold the naming of layers to the proof.
    "densenet121": PUBLISHED["densenet161"]._replace(features=CATALOGUE["densenet121"].features)
}
# 75 and 100 make odd feature maps on the way down.
CASES = [
    ("densenet121", 100),
    *[("densenet161", side) for side in (100, 200, 224)],
    *[("googlenet", side) for side in (75, 100, 200, 224)],
]
OPTIONS = {"googlenet": {"init_weights": False, "transform_input": True}}
MEAN, STD = (torch.tensor(values).reshape(3, 1, 1) for values in (IMAGENET_MEAN, IMAGENET_STD))
SCRIPT = Path(__file__).parents[2] / "scripts" / "import_weights.py"


@cache
def draw_network(arch: str) -> torch.nn.Module:
    """torchvision's network with random weights, batch norm's statistics included."""
    torch.manual_seed(0)
    network = getattr(models, arch)(weights=None, **OPTIONS.get(arch, {}))
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.normal_(0, 0.3)
            module.running_mean.normal_(0, 0.3)
            module.running_var.uniform_(0.5, 1.5)
        elif isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight)
    return network.eval()


def pooled_by_torchvision(network, pixels: np.ndarray) -> np.ndarray:
    """What the classifier is given, from pixels standardised as PyTorch's users do."""
    *_, classifier = network.children()
    seen = []
    hook = classifier.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    with torch.no_grad():
        network((torch.tensor(pixels).permute(0, 3, 1, 2) / 255 - MEAN) / STD)
    hook.remove()
    return seen[0].numpy()


def build(arch: str, side: int) -> keras.Model:
    image = keras.Input((side, side, 3))
    features = ARCHITECTURES[arch].features(image)
    return keras.Model(image, keras.layers.GlobalAveragePooling2D()(features), name=arch)


def draw(side: int) -> np.ndarray:
    """Two pictures of coloured squares under noise; of noise alone averages would be all alike."""
    rng = np.random.default_rng(side)
    squares = rng.uniform(0, 255, (2, 5, 5, 3)).repeat(-(-side // 5), 1).repeat(-(-side // 5), 2)
    noise = rng.normal(0, 20, (2, side, side, 3))
    return np.clip(squares[:, :side, :side] + noise, 0, 255).astype("float32")


def assert_close(found, expected):
    assert np.std(expected, axis=0).mean() > 0.01 * expected.mean()  # Not blind to the picture.
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6 * expected.max())


@pytest.mark.parametrize(("arch", "side"), CASES)
def test_pooled_features_equal_torchvisions(arch, side):
    theirs, ours = draw_network(arch), build(arch, side)
    tensors = {name: tensor.numpy() for name, tensor in theirs.state_dict().items()}
    copy_tensors(ours, tensors, ARCHITECTURES[arch])
    pixels = draw(side)
    assert_close(np.array(ours(pixels)), pooled_by_torchvision(theirs, pixels))


def test_pth_as_published_gives_torchvisions_features_through_the_script(tmp_path):
    theirs, ours, pixels = draw_network("googlenet"), build("googlenet", 100), draw(100)
    source, out = tmp_path / "googlenet.pth", tmp_path / "googlenet.weights.h5"
    torch.save(theirs.state_dict(), source)
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    source = source.rename(tmp_path / f"googlenet-{digest[:8]}.pth")
    command = [sys.executable, SCRIPT, "--arch", "googlenet", "--from", source, "--out", out]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "Dropped: 9 of aux1, 9 of aux2, 2 of fc, 59 of num_batches_tracked" in said
    ours.load_weights(out)
    assert_close(np.array(ours(pixels)), pooled_by_torchvision(theirs, pixels))


def test_safetensors_as_published_gives_torchvisions_features(tmp_path):
    theirs, ours, pixels = draw_network("densenet161"), build("densenet161", 100), draw(100)
    source, out = tmp_path / "model.safetensors", tmp_path / "densenet161.weights.h5"
    save_file(theirs.state_dict(), source)
    account = import_weights("densenet161", source, out)
    assert len(account.used) + len(account.dropped) == len(theirs.state_dict())
    ours.load_weights(out)
    assert_close(np.array(ours(pixels)), pooled_by_torchvision(theirs, pixels))


def test_damaged_pth_is_refused(tmp_path):
    (tmp_path / "model.pth").write_bytes(b"hello")
    with pytest.raises(WeightsError, match="cannot be read as PyTorch tensors"):
        read_tensors(tmp_path / "model.pth")


def test_pth_that_carries_code_is_refused(tmp_path):
    torch.save({"fc.weight": draw_network}, tmp_path / "model.pth")
    with pytest.raises(WeightsError, match="cannot be read as PyTorch tensors"):
        read_tensors(tmp_path / "model.pth")
