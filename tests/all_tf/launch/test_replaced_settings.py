"""What is given takes the place of a row's settings, and fits the rest of them or is refused."""

import pytest

from all_tf.config.presets import EXPERIMENTS
from all_tf.launch.replaced_settings import replace_settings
from all_tf.system.checks import ConfigError


def test_fewer_epochs_shorten_the_first_ones_of_the_row_and_say_so(capsys):
    short = replace_settings(EXPERIMENTS["transfer"], {"epochs": 1})
    assert (short.epochs, short.warmup_epochs, short.freeze_epochs) == (1, 0, 0)
    said = capsys.readouterr().out
    assert "warmup_epochs is 0 instead of 1: the epochs are 1\n" in said
    assert "freeze_epochs is 0 instead of 1: the epochs are 1\n" in said
    assert replace_settings(EXPERIMENTS["transfer"], {"epochs": 2}).warmup_epochs == 1
    assert not capsys.readouterr().out


def test_fold_beside_the_protocol_that_holds_none_out_is_refused():
    study = replace_settings(EXPERIMENTS["scratch"], {"protocol": "study"})
    assert (study.protocol, study.fold) == ("study", 0)
    assert replace_settings(study, {"protocol": "honest", "fold": 2}).fold == 2
    for row, more in ((study, {}), (EXPERIMENTS["scratch"], {"protocol": "study"})):
        with pytest.raises(ConfigError, match="holds none out. Leave out --fold.*fold=99"):
            replace_settings(row, {"fold": 99, **more})


def test_first_epochs_that_were_given_are_not_shortened():
    with pytest.raises(ConfigError, match="Pass --warmup-epochs 0, or more --epochs"):
        replace_settings(EXPERIMENTS["scratch"], {"epochs": 1, "warmup_epochs": 1})
