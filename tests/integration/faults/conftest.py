"""The small set and the finished runs that the disturbed commands work on."""

from pathlib import Path

import pytest

from tests.conftest import pack
from tests.faults import Undisturbed, end_undisturbed, training
from tfrecords.synthetic.write import MIN_IMAGES, write_synthetic


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    """The fewest images that there can be."""
    folder = tmp_path_factory.mktemp("source")
    return write_synthetic(folder, num_images=MIN_IMAGES, seed=3)


@pytest.fixture(scope="module")
def records(source, tmp_path_factory) -> Path:
    """Records of them, in two folds."""
    return pack(source, tmp_path_factory.mktemp("records"), folds=2)


@pytest.fixture(scope="module")
def run(records, tmp_path_factory) -> Undisturbed:
    """A finished run."""
    return end_undisturbed(training(records), tmp_path_factory.mktemp("finished"))


@pytest.fixture(scope="module")
def folds(records, tmp_path_factory) -> Undisturbed:
    """A finished cross-validation."""
    words = training(records, "--fold", "all")
    return end_undisturbed(words, tmp_path_factory.mktemp("finished"))
