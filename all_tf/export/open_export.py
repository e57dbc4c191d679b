"""Opens an exported file as others do, without this project, and saves what it answers.

    python -I all_tf/export/open_export.py FORMAT FILE IMAGES.npy ANSWERS.npz

`prove_export` runs it in a process of its own. It prints the number of images done so far.
"""

import os
import sys
from collections.abc import Callable, Iterator

import numpy as np

_PROJECT = ("all_tf", "builders", "tfrecords")
_FIRST = (1, 7)  # Images in the first batches, so that each size is seen to work.
_BATCH = 8

# From images uint8 (n, 450, 450, 3) to arrays (n,) by name.
_Answer = Callable[[np.ndarray], dict[str, np.ndarray]]


def _open_keras(path: str) -> _Answer:
    import keras

    model = keras.saving.load_model(path, safe_mode=True)
    return lambda images: model.predict(images, verbose=0)


def _open_saved_model(path: str) -> _Answer:
    import tensorflow as tf

    loaded = tf.saved_model.load(path)

    def answer(images: np.ndarray) -> dict[str, np.ndarray]:
        found = loaded.signatures["serving_default"](image=tf.constant(images))
        return {name: tensor.numpy() for name, tensor in found.items()}

    return answer


def _open_onnx(path: str) -> _Answer:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return lambda images: dict(zip(names, session.run(names, {"image": images}), strict=True))


def _open_litert(path: str) -> _Answer:
    from ai_edge_litert.interpreter import Interpreter

    run = Interpreter(path).get_signature_runner("serving_default")
    return lambda images: run(image=images)


OPENERS: dict[str, Callable[[str], _Answer]] = {
    "keras": _open_keras,
    "savedmodel": _open_saved_model,
    "onnx": _open_onnx,
    "litert": _open_litert,
}


def _main(name: str, path: str, images: str, answers: str) -> None:
    for package in _PROJECT:
        sys.modules[package] = None  # type: ignore[assignment]  # Python then refuses its import.
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # The process that exports may hold all GPU memory.
    answer = OPENERS[name](path)
    cells = np.load(images, mmap_mode="r")
    found = []
    for start, end in _batches(len(cells)):
        found.append(answer(np.array(cells[start:end])))
        print(end, flush=True)
    probability, answer_of_cell = (
        np.concatenate([each[key] for each in found]) for key in ("probability", "answer")
    )
    np.savez(answers, probability=probability, answer=answer_of_cell)


def _batches(num_images: int) -> Iterator[tuple[int, int]]:
    """Yield where each batch starts and ends."""
    start, sizes = 0, iter(_FIRST)
    while start < num_images:
        end = min(start + next(sizes, _BATCH), num_images)
        yield start, end
        start = end


if __name__ == "__main__":
    _main(*sys.argv[1:])
