"""What is said of the architectures before one is built."""

import subprocess
import sys
from importlib import import_module
from itertools import pairwise

import keras
import pytest

from all_tf.config import choices
from builders.architecture_info import CATALOGUE, describe_architectures
from builders.keras_applications import PREPROCESSING
from tests.conftest import ROOT

# As published, with 1,000 classes: Keras' documentation of its applications and, without moving
# statistics, torchvision's for densenet161 and googlenet, and timm's for efficientnetlite0.
PUBLISHED_PARAMETERS = {
    "convnexttiny": 28_589_128,
    "densenet121": 8_062_504,
    "densenet161": 28_681_000,
    "densenet169": 14_307_880,
    "efficientnetb0": 5_330_571,
    "efficientnetb1": 7_856_239,
    "efficientnetb3": 12_320_535,
    "efficientnetb4": 19_466_823,
    "efficientnetb5": 30_562_527,
    "efficientnetb7": 66_658_687,
    "efficientnetlite0": 4_652_008,
    "efficientnetv2b0": 7_200_312,
    "efficientnetv2s": 21_612_360,
    "googlenet": 6_624_904,
    "resnet50": 25_636_712,
    "resnet152": 60_419_944,
    "vgg16": 138_357_544,
    "vgg19": 143_667_240,
}
CHANNELS = {
    "convnexttiny": 768,
    "densenet121": 1024,
    "densenet161": 2208,
    "densenet169": 1664,
    "efficientnetb0": 1280,
    "efficientnetb1": 1280,
    "efficientnetb3": 1536,
    "efficientnetb4": 1792,
    "efficientnetb5": 2048,
    "efficientnetb7": 2560,
    "efficientnetlite0": 1280,
    "efficientnetv2b0": 1280,
    "efficientnetv2s": 1280,
    "googlenet": 1024,
    "resnet50": 2048,
    "resnet152": 2048,
}
MOVING_STATISTICS = {"densenet161": 219_936, "efficientnetlite0": 42_016, "googlenet": 14_560}


def test_catalogue_is_the_command_lines():
    assert tuple(CATALOGUE) == choices.ARCHITECTURE_NAMES == tuple(sorted(CATALOGUE))


@pytest.mark.parametrize("name", CATALOGUE)
def test_functions_that_are_imported_when_called_exist(name):
    row = CATALOGUE[name]
    for function in filter(None, (row.features, row.load_imagenet)):
        module, _, attribute = function.args[0].partition(":")
        assert callable(getattr(import_module(module), attribute))
    assert not row.application or callable(getattr(keras.applications, row.application))
    assert not row.application or row.preprocessing in PREPROCESSING


def test_parameters_and_a_classifier_of_imagenet_make_the_published_number():
    for name, published in PUBLISHED_PARAMETERS.items():
        classifier = 1000 * (CHANNELS[name] + 1) if name in CHANNELS else _vgg_classifier()
        backbone = CATALOGUE[name].parameters - MOVING_STATISTICS.get(name, 0)
        assert backbone + classifier == published, name


def _vgg_classifier() -> int:
    widths = (7 * 7 * 512, 4096, 4096, 1000)
    return sum((fan_in + 1) * fan_out for fan_in, fan_out in pairwise(widths))


def test_table_has_a_line_an_architecture():
    lines = describe_architectures().splitlines()
    assert [line.split()[0] for line in lines[1 : len(CATALOGUE) + 1]] == list(CATALOGUE)


def test_train_lists_the_architectures_without_keras_and_without_arch():
    command = [sys.executable, "-X", "importtime", ROOT / "scripts/train.py", "--list-archs"]
    answer = subprocess.run(command, capture_output=True, text=True)
    assert answer.returncode == 0
    assert answer.stdout.strip() == describe_architectures()
    assert "keras" not in answer.stderr
