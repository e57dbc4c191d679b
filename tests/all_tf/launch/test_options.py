"""Settings become the words of a command line, and come back from them."""

import pytest

from all_tf.config.presets import EXPERIMENTS
from all_tf.launch.options import parse_words, replace_settings, words_of
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


def test_fewer_epochs_shorten_the_first_ones_of_the_row_and_say_so(capsys):
    short = replace_settings(EXPERIMENTS["transfer"], {"epochs": 1})
    assert (short.epochs, short.warmup_epochs, short.freeze_epochs) == (1, 0, 0)
    said = capsys.readouterr().out
    assert "warmup_epochs is 0 instead of 1: the epochs are 1\n" in said
    assert "freeze_epochs is 0 instead of 1: the epochs are 1\n" in said
    assert replace_settings(EXPERIMENTS["transfer"], {"epochs": 2}).warmup_epochs == 1
    assert not capsys.readouterr().out


def test_first_epochs_that_were_given_are_not_shortened():
    with pytest.raises(ConfigError, match="Pass --warmup-epochs 0, or more --epochs"):
        replace_settings(EXPERIMENTS["scratch"], {"epochs": 1, "warmup_epochs": 1})
