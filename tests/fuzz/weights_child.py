"""A process that loads files of weights, so that whoever waits for it can end it."""

import multiprocessing
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from builders.hdf5_weights import WeightsError, add_digest

# Where HDF5 loops, the program ends it after 20 s of computing, as long as that takes on a machine
# that is busy; the process and whoever waits for it wait longer.
_LOAD_SECONDS = 220.0
_ANSWER_SECONDS = 240.0
_START_SECONDS = 120.0  # It imports TensorFlow.


def build_small():
    """A network of a few weights, with the layers that `load_file` looks for."""
    import keras  # In the child alone, where this module is imported first.

    pixels = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(2, 3, name="convolution")(pixels)
    x = keras.layers.BatchNormalization(name="norm")(x)
    x = keras.layers.GlobalAveragePooling2D(name="pooled")(x)
    return keras.Model(pixels, keras.layers.Dense(1, name="logit")(x), name="small")


def _serve(connection: Connection, path: Path) -> None:
    """Save a network's weights to a path; then load that file whenever a message comes."""
    from all_tf.system.tensorflow_import import load_tensorflow

    load_tensorflow()
    from builders.weights import load_file
    from tests.fuzz.runner import limited

    model = build_small()
    rng = np.random.default_rng(0)
    whole = [rng.normal(size=weight.shape).astype(np.float32) for weight in model.weights]
    model.set_weights(whole)
    if not path.exists():
        model.save_weights(path)
    connection.send("ready")
    while (message := connection.recv()) is not None:
        try:
            if message == "add digest":
                add_digest(path)
            with limited(_LOAD_SECONDS):
                load_file(model, path)
            answer = model.get_weights()
        except Exception as error:
            answer = error if isinstance(error, WeightsError) else RuntimeError(repr(error))
        model.set_weights(whole)
        connection.send(answer)


class CrashError(Exception):
    """The process came to no end, or to a bad one."""


class WeightsChild:
    """The process, which is started again where it has crashed or hangs."""

    SECONDS = _ANSWER_SECONDS + _START_SECONDS  # That `load` takes at most.

    def __init__(self, path: Path):
        self._path = path
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(other, self._path), daemon=True)
        self._process.start()
        other.close()
        if not self._connection.poll(_START_SECONDS) or self._connection.recv() != "ready":
            raise CrashError("the process did not start")

    def end(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()

    def load(self, message: str = "load") -> list[np.ndarray]:
        """The weights that a network has, once it has loaded the file.

        Raises:
            WeightsError: The file was refused.
            RuntimeError: Another exception came.
            CrashError: The process crashed, or did not answer.
        """
        self._connection.send(message)
        try:
            answer = self._connection.recv() if self._connection.poll(_ANSWER_SECONDS) else None
        except EOFError:
            answer = None
        if answer is None:
            self.end()
            reason = (
                f"no answer within {_ANSWER_SECONDS:g} s, or exit code {self._process.exitcode}"
            )
            self._start()
            raise CrashError(reason)
        if isinstance(answer, Exception):
            raise answer
        return answer
