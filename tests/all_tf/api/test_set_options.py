"""Misspelt options are refused by every method, and one run may be named alone."""

from pathlib import Path

import pytest

from all_tf.api.batch import draw_batch
from all_tf.api.comparing import compare
from all_tf.api.set_options import evaluation_set, folders_of
from all_tf.api.trained import load
from all_tf.system.checks import ConfigError
from tests.untrained import EXPERIMENT, write_run


def test_misspelt_option_is_refused():
    with pytest.raises(ConfigError, match="No such option: overwite, splt. Known: split, fold, "):
        evaluation_set(None, {"splt": "train", "overwite": True})
    with pytest.raises(ConfigError, match="No such option: imagesize. Known: image_size, crop"):
        draw_batch("records", augment=[], imagesize=64)


def test_misspelt_option_of_a_method_is_refused(records, tmp_path):
    classifier = load(write_run(tmp_path / "run", records, EXPERIMENT))
    with pytest.raises(ConfigError, match="No such option: splt"):
        classifier.evaluate(splt="train")
    with pytest.raises(ConfigError, match="No such option: trust"):
        classifier.explain(trust=True)
    with pytest.raises(ConfigError, match="No such option: cell. Known: cells, records"):
        classifier.export("keras", cell=4)


def test_fewer_than_two_images_of_a_batch_are_refused():
    with pytest.raises(ConfigError, match="Expected images of at least 2. Received: images=1"):
        draw_batch("records", augment=[], images=1)


def test_one_folder_several_or_none():
    assert folders_of("a") == folders_of(["a"]) == folders_of(iter([Path("a")])) == [Path("a")]
    for call in (load, compare):
        with pytest.raises(ConfigError, match="Expected the folder of a run"):
            call([])
