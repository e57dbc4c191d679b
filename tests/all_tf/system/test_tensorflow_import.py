"""TensorFlow and Keras are those of this project, whatever the environment asks for."""

import json
import os
import pty
import select
import subprocess
import sys

from tests.conftest import ROOT

CODE = """
import os
from all_tf.system.tensorflow_import import load_tensorflow
load_tensorflow()
import keras, tensorflow as tf
assert tf.keras.__version__.startswith("3."), tf.keras.__version__
print(keras.backend.backend(), keras.config.floatx(), keras.config.image_data_format())
print(keras.config.epsilon(), os.environ.get("TF_USE_LEGACY_KERAS"))
"""


def test_settings_of_other_projects_are_overridden(tmp_path):
    settings = {"floatx": "float16", "image_data_format": "channels_first", "epsilon": 0.1}
    (tmp_path / "keras.json").write_text(json.dumps({**settings, "backend": "torch"}))
    answer = subprocess.run(
        [sys.executable, "-c", CODE],
        cwd=ROOT,
        env={
            **os.environ,
            "KERAS_HOME": str(tmp_path),
            "KERAS_BACKEND": "torch",
            "TF_USE_LEGACY_KERAS": "1",
        },
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stderr == "loading TensorFlow ...\n"  # And nothing of TensorFlow's own.
    assert answer.stdout.splitlines() == ["tensorflow float32 channels_last", "1e-07 None"]


CODE_OF_GARBAGE = """
import gc
from all_tf.system.tensorflow_import import load_tensorflow
collections = []
gc.callbacks.append(lambda phase, info: collections.append(info["generation"]))
load_tensorflow()
assert len(collections) <= 4, collections  # Of the one before: its begin and its end.
kept = gc.get_freeze_count()
load_tensorflow()
assert gc.get_freeze_count() == kept  # What the caller makes later is never frozen.
print(gc.isenabled(), kept > 100_000, len(gc.get_objects()) < 10_000)
"""


def test_nobody_looks_for_garbage_during_the_import_or_in_what_it_made():
    answer = subprocess.run(
        [sys.executable, "-c", CODE_OF_GARBAGE], cwd=ROOT, capture_output=True, text=True
    )
    assert answer.stdout == "True True True\n", answer.stderr


CODE_ON_TERMINAL = """
import sys
from unittest import mock
from all_tf.system.tensorflow_import import load_tensorflow
modules = mock.MagicMock(__spec__=object())
with mock.patch("importlib.import_module", lambda name: sys.modules.setdefault(name, modules)):
    load_tensorflow()
    load_tensorflow()
"""


def test_terminal_says_once_that_tensorflow_is_loaded_and_wipes_it():
    reads, writes = pty.openpty()
    subprocess.run([sys.executable, "-c", CODE_ON_TERMINAL], cwd=ROOT, stderr=writes, check=True)
    shown = b""
    while select.select([reads], [], [], 1)[0]:  # A terminal may pass it on in pieces.
        shown += os.read(reads, 1000)
    os.close(reads)
    os.close(writes)
    assert shown == b"loading TensorFlow ...\r\x1b[K"
