"""Settings become the words of a command line, and come back from them."""

import pytest

from all_tf.launch.options import parse_words, words_of
from all_tf.system.checks import ConfigError

SETTINGS = {
    "experiment": "scratch",
    "augment": ("hflip", "rotate"),
    "learning_rate": 0.01,
    "freeze_epochs": "all",
    "deterministic": False,
    "score_held_out": False,
    "trust_records": True,
    "limit_train": 60,
}


def test_words_are_read_as_the_settings_that_they_are_of():
    options = parse_words(words_of(SETTINGS))
    assert {name: options[name] for name in SETTINGS} == SETTINGS
    assert options["words"] == words_of(SETTINGS)
    assert parse_words(words_of({"arch": "vgg16", "augment": ()}))["augment"] == ()


def test_what_is_not_given_leaves_no_word():
    assert words_of({"arch": "vgg16", "epochs": None, "trust_records": False}) == ["--arch=vgg16"]


def test_unknown_setting_and_value_of_a_flag_are_refused():
    with pytest.raises(ConfigError, match="No such setting: epoch. Known: .*epochs"):
        words_of({"epoch": 3})
    with pytest.raises(ConfigError, match="Expected --held-out to be True, False. Received: 'no'"):
        words_of({"score_held_out": "no"})
    with pytest.raises(ConfigError, match="--resume takes all settings"):
        parse_words(words_of({"resume": "run", "seed": 3}))
