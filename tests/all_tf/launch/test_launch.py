"""What does not go with several processes is refused at once, before TensorFlow is imported."""

import sys

import pytest

from all_tf.launch.launch import launch
from all_tf.launch.options import parse_options
from all_tf.system.checks import ConfigError


@pytest.mark.parametrize(
    "words", [("--max-minutes", "5"), ("--tensorboard", "full"), ("--fold", "all")]
)
def test_option_is_refused_with_several_processes(words, monkeypatch, tmp_path):
    def load(**how):
        pytest.fail("TensorFlow is imported only to refuse the options.")

    monkeypatch.setattr("all_tf.system.tensorflow_import.load_tensorflow", load)
    given = ["train.py", "--arch", "base_cnn", "--num-processes", "1", *words]
    monkeypatch.setattr(sys, "argv", given)
    with pytest.raises(ConfigError, match=f"--num-processes does not go with {words[0]}"):
        launch(tmp_path / "run", parse_options("Train."))
