"""PyTorch's tensors find their place in a Keras backbone, each of them, or nothing is written."""

import re

import keras
import numpy as np
import pytest
from safetensors.numpy import save_file

from builders.architecture_info import CONVERTED
from builders.registry import build_model
from builders.torch_import import (
    PUBLISHED,
    copy_tensors,
    densenet_layer,
    efficientnet_lite_layer,
    import_weights,
)
from builders.torch_reader import read_tensors
from builders.weights import WeightsError
from tests.all_tf.commands.test_scripts import call

DENSE_LAYER = {"norm1": "0_bn", "conv1": "1_conv", "norm2": "1_bn", "conv2": "2_conv"}
PARAMETERS = {
    "kernel": "weight",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}


def densenet161_modules() -> dict[str, str]:
    """Keras' names of the layers to PyTorch's, counted out."""
    modules = {"conv1_conv": "conv0", "conv1_bn": "norm0", "bn": "norm5"}
    for block, num_layers in enumerate((6, 12, 36, 24), start=1):
        for layer in range(1, num_layers + 1):
            for theirs, ours in DENSE_LAYER.items():
                name = f"denseblock{block}.denselayer{layer}.{theirs}"
                modules[f"conv{block + 1}_block{layer}_{ours}"] = name
    for number in (1, 2, 3):
        modules[f"pool{number + 1}_bn"] = f"transition{number}.norm"
        modules[f"pool{number + 1}_conv"] = f"transition{number}.conv"
    return {ours: f"features.{theirs}" for ours, theirs in modules.items()}


def as_pytorch(backbone: keras.Model, module_of) -> dict[str, np.ndarray]:
    """The weights of a backbone, named and laid out as PyTorch does."""
    tensors = {}
    for variable in backbone.weights:
        layer, name = variable.path.split("/")
        value = np.array(variable)
        value = np.einsum("hwio->oihw", value) if value.ndim == 4 else value
        tensors[f"{module_of(layer)}.{PARAMETERS[name]}"] = np.ascontiguousarray(value)
    return tensors


def build(arch: str) -> keras.Model:
    """A backbone in which no two weights are alike."""
    pixels = keras.Input((32, 32, 3))
    backbone = keras.Model(pixels, PUBLISHED[arch].features(pixels), name=arch)
    rng = np.random.default_rng(0)
    backbone.set_weights([rng.random(w.shape, "float32") for w in backbone.weights])
    return backbone


@pytest.fixture(scope="module")
def backbone():
    return build("googlenet")


@pytest.fixture
def tensors(backbone):
    """As torchvision publishes GoogLeNet: with its classifiers and counters."""
    extra = {
        "fc.weight": np.zeros((1000, 1024), "float32"),
        "aux1.conv.conv.weight": np.zeros((128, 512, 1, 1), "float32"),
        "aux2.fc2.bias": np.zeros(1000, "float32"),
        "conv1.bn.num_batches_tracked": np.zeros((), "int64"),
    }
    return as_pytorch(backbone, lambda layer: layer.replace("_", ".")) | extra


def test_googlenet_comes_through_the_script_and_back(backbone, tensors, tmp_path):
    save_file(tensors, tmp_path / "model.safetensors")
    out = tmp_path / "googlenet.weights.h5"
    arguments = ("--arch", "googlenet", "--from", tmp_path / "model.safetensors", "--out", out)
    answer = call("import_weights.py", *arguments)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.splitlines() == [
        f"Used: {len(backbone.weights)} tensors",
        "Dropped: 1 of aux1, 1 of aux2, 1 of fc, 1 of num_batches_tracked",
        f"Written: {out}",
    ]
    model = build_model("googlenet", image_size=32, weights=str(out))  # As train.py does.
    for found, wanted in zip(model.get_weights(), backbone.get_weights(), strict=False):
        np.testing.assert_array_equal(found, wanted)
    with pytest.raises(WeightsError, match="Expected the name of a new file"):
        import_weights("googlenet", tmp_path / "model.safetensors", out)


def assert_holds(file, backbone: keras.Model):
    expected = backbone.get_weights()
    other = keras.models.clone_model(backbone)
    other.load_weights(file)
    for found, wanted in zip(other.get_weights(), expected, strict=True):
        np.testing.assert_array_equal(found, wanted)


def as_in_old_files(name: str) -> str:
    """`denselayer1.norm1` as `denselayer1.norm.1`: so densenet161-8d451a50.pth has it."""
    return re.sub(r"(denselayer\d+\.)(norm|conv)([12])", r"\1\2.\3", name)


def test_layers_of_densenet161_are_known_by_new_and_old_names():
    for ours, theirs in densenet161_modules().items():
        assert densenet_layer(theirs) == ours
        assert densenet_layer(as_in_old_files(theirs)) == ours
    assert as_in_old_files(theirs := "features.denseblock4.denselayer24.conv2") != theirs


def efficientnet_lite_modules() -> dict[str, str]:
    """Keras' names of the layers to PyTorch's, counted out."""
    modules = {"stem_conv": "_conv_stem", "stem_bn": "_bn0", "top_conv": "_conv_head"}
    modules["top_bn"] = "_bn1"
    norms = {"expand": "_bn0", "depthwise": "_bn1", "project": "_bn2"}
    for number in range(16):
        for part, norm in norms.items():
            if number == 0 and part == "expand":
                continue  # The first block does not.
            conv = f"block{number}_dwconv" if part == "depthwise" else f"block{number}_{part}_conv"
            modules[conv] = f"_blocks.{number}._{part}_conv"
            modules[f"block{number}_{part}_bn"] = f"_blocks.{number}.{norm}"
    return modules


def test_every_layer_of_efficientnetlite0_is_known_by_its_name_in_pytorch():
    modules = efficientnet_lite_modules()
    assert {theirs: efficientnet_lite_layer(theirs) for theirs in modules.values()} == {
        theirs: ours for ours, theirs in modules.items()
    }
    assert {variable.path.split("/")[0] for variable in build("efficientnetlite0").weights} == set(
        modules
    )
    for unknown in ("_blocks.0._se_reduce", "_fc", "_blocks.a._bn0"):
        assert efficientnet_lite_layer(unknown) == unknown


def test_kernels_of_depthwise_convolutions_keep_their_channels():
    backbone = build("efficientnetlite0")
    expected = backbone.get_weights()
    tensors = {}
    for variable in backbone.weights:
        layer, name = variable.path.split("/")
        value = np.array(variable)
        if value.ndim == 4:
            axes = "hwcn->cnhw" if layer.endswith("dwconv") else "hwio->oihw"
            value = np.einsum(axes, value)
        tensors[f"{efficientnet_lite_modules()[layer]}.{PARAMETERS[name]}"] = value
    backbone.set_weights([weight * 0 for weight in expected])
    copy_tensors(backbone, tensors, PUBLISHED["efficientnetlite0"])
    for found, wanted in zip(backbone.get_weights(), expected, strict=True):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.slow
def test_densenet161_comes_back_from_a_file_with_the_old_names(tmp_path):
    backbone = build("densenet161")
    tensors = as_pytorch(backbone, densenet161_modules().__getitem__)
    tensors = {as_in_old_files(name): tensor for name, tensor in tensors.items()}
    tensors["classifier.weight"] = np.zeros((1000, 2208), "float32")
    save_file(tensors, tmp_path / "old.safetensors")
    account = import_weights("densenet161", tmp_path / "old.safetensors", tmp_path / "a.weights.h5")
    assert len(account.used) == len(backbone.weights) and account.dropped == ["classifier.weight"]
    assert_holds(tmp_path / "a.weights.h5", backbone)


def lack(tensors):
    del tensors["conv3.bn.running_var"]
    return "conv3_bn/moving_variance: no tensor for it"


def add(tensors):
    tensors["conv4.conv.weight"] = tensors["conv3.conv.weight"]
    return "conv4.conv.weight: not known"


def add_a_classifier_of_another_family(tensors):
    tensors["classifier.weight"] = tensors["fc.weight"]
    return "classifier.weight: not known"


def give_twice(tensors):
    tensors["conv3_conv.weight"] = tensors["conv3.conv.weight"]
    return "conv3_conv.weight: not known"  # The second name of one variable.


def misshape(tensors):
    tensors["conv1.conv.weight"] = tensors["conv1.conv.weight"].transpose(2, 3, 1, 0)
    return r"conv1.conv.weight: expected \(7, 7, 3, 64\). Received: \(3, 64, 7, 7\)"


def shorten(tensors):
    tensors["conv1.bn.bias"] = tensors["conv1.bn.bias"][:1]
    return r"conv1.bn.bias: expected \(64,\). Received: \(1,\)"


def spoil(tensors):
    tensors["inception3a.branch1.conv.weight"] = np.full((64, 192, 1, 1), np.nan, "float32")
    return "inception3a.branch1.conv.weight: not finite"


@pytest.mark.parametrize(
    "change",
    [lack, add, add_a_classifier_of_another_family, give_twice, misshape, shorten, spoil],
)
def test_tensors_that_do_not_fit_are_named_and_nothing_is_copied(change, backbone, tensors):
    before = backbone.get_weights()
    tensors["conv2.bn.bias"] = tensors["conv2.bn.bias"] + 1  # Would be seen, were it copied.
    expected = change(tensors)
    with pytest.raises(WeightsError, match=f"Expected the weights of googlenet.*: {expected}"):
        copy_tensors(backbone, tensors, PUBLISHED["googlenet"])
    for found, wanted in zip(backbone.get_weights(), before, strict=True):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_widened(dtype, backbone, tensors, tmp_path):
    halves = {name: tensor.astype(dtype) for name, tensor in tensors.items()}
    save_file(halves, tmp_path / "model.safetensors")
    other = keras.models.clone_model(backbone)
    copy_tensors(other, read_tensors(tmp_path / "model.safetensors"), PUBLISHED["googlenet"])
    for found, wanted in zip(other.get_weights(), backbone.get_weights(), strict=True):
        assert found.dtype == "float32"
        np.testing.assert_array_equal(found, wanted.astype(dtype).astype("float32"))


def test_refused_file_leaves_nothing_behind(tmp_path):
    save_file({"conv1.conv.weight": np.zeros(3)}, tmp_path / "model.safetensors")
    with pytest.raises(WeightsError, match="conv1_bn/gamma: no tensor for it"):
        import_weights("googlenet", tmp_path / "model.safetensors", tmp_path / "a.weights.h5")
    assert [path.name for path in tmp_path.iterdir()] == ["model.safetensors"]


def test_file_of_another_architecture_names_ten_tensors_and_counts_the_rest(backbone):
    tensors = {f"features.denseblock1.denselayer{n}.conv1.weight": np.zeros(1) for n in range(99)}
    with pytest.raises(WeightsError, match=f"{99 + len(backbone.weights)} that do not") as caught:
        copy_tensors(backbone, tensors, PUBLISHED["googlenet"])
    assert str(caught.value).count("denselayer") == 10


def test_unknown_architecture_names_the_known_ones(tmp_path):
    with pytest.raises(WeightsError, match="Known: densenet161, .*arch='vgg16'"):
        import_weights("vgg16", tmp_path / "model.safetensors", tmp_path / "a.weights.h5")
    assert sorted(PUBLISHED) == CONVERTED


@pytest.mark.parametrize(
    ("arch", "out", "said"),
    [("vgg16", "a.weights.h5", "densenet161"), ("googlenet", "a.npz", "Expected a file *.weights")],
)
def test_what_cannot_be_converted_is_refused_before_tensorflow(arch, out, said, tmp_path):
    (tmp_path / "model.pth").touch()
    words = ("--arch", arch, "--from", tmp_path / "model.pth", "--out", tmp_path / out)
    ended = call("import_weights.py", *words)
    assert ended.returncode and said in ended.stderr and "TensorFlow" not in ended.stderr
