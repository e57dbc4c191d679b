"""Import of TensorFlow and Keras, without the messages that TensorFlow prints meanwhile."""

import gc
import importlib
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from all_tf.system.cli import end_at_once_on_signals
from all_tf.system.extras import require_modules
from all_tf.system.signals import defer_signals

_LEGACY = "TF_USE_LEGACY_KERAS"  # Left by other projects: `tf.keras` would be Keras 2.
_EPSILON = 1e-7  # Keras' default.
_LOADING, _WIPE = b"loading TensorFlow ...", b"\r\x1b[K"  # It takes some seconds.


def load_tensorflow(*, deterministic: bool = False, backend: str = "tensorflow") -> None:
    """Import TensorFlow and Keras, and show their messages only if the import fails.

    The first time a terminal shows "loading TensorFlow ..." meanwhile, and a log keeps that line.

    The C++ library writes warnings about CUDA and a list of CPU instructions to file descriptor 2
    before any log level applies; among progress bars they look like a failure.

    Args:
        deterministic: Whether the process will use deterministic operations. TensorFlow 2.21 then
            logs a false error for every dataset, so errors are not logged; a real one also raises
            an exception.
        backend: One of `choices.BACKENDS`. With "jax", TensorFlow reads and augments on the CPU.

    Raises:
        ConfigError: The backend is not installed.
    """
    require_modules((backend,), extra="multihost", what=f"Keras' backend {backend}")
    os.environ["KERAS_BACKEND"] = backend
    os.environ.pop(_LEGACY, None)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3" if deterministic else "2")
    sys.stderr.flush()
    terminal = os.dup(2)
    on_screen, loaded = os.isatty(terminal), "tensorflow" in sys.modules
    quiet = _without_garbage_collection()
    with defer_signals(), end_at_once_on_signals(), quiet, tempfile.TemporaryFile() as held_back:
        os.dup2(held_back.fileno(), 2)
        if not loaded:
            os.write(terminal, _LOADING if on_screen else _LOADING + b"\n")
        try:
            keras = importlib.import_module("keras")
            # A user's ~/.keras/keras.json may say otherwise, for other projects.
            keras.config.set_floatx("float32")
            keras.config.set_image_data_format("channels_last")
            keras.config.set_epsilon(_EPSILON)
            tf = importlib.import_module("tensorflow")
            # It takes each further network of a process for one that is traced again and again.
            tf.get_logger().setLevel("ERROR")
            if backend != "tensorflow":
                tf.config.set_visible_devices([], "GPU")  # TensorFlow would take all GPU memory.
            tf.config.list_physical_devices()  # The search for CUDA prints messages too.
            tf.constant(0)
        except Exception:  # Not of KeyboardInterrupt: what a user interrupts has not failed.
            held_back.seek(0)
            os.write(terminal, held_back.read())
            raise
        finally:
            if on_screen and not loaded:
                os.write(terminal, _WIPE)
            os.dup2(terminal, 2)
            os.close(terminal)


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Import without looking for garbage, and never look among what was imported.

    TensorFlow, Keras and what they import make half a million objects that stay to the end.
    Python would go through them again and again, a quarter of the import's time, and for a third
    of a second each now and then later.
    """
    if "tensorflow" in sys.modules or not gc.isenabled():
        yield
        return
    gc.collect()  # What the caller has left would be kept for good by `freeze`.
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
