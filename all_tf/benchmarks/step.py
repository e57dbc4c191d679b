"""Cost of a training step of train.py, compared with a bare step of the same network."""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from pathlib import Path
from statistics import median
from typing import NamedTuple

import keras
import tensorflow as tf

from all_tf.benchmarks.drawn_data import draw_data
from all_tf.config.engine import Engine
from all_tf.config.experiment import Experiment
from all_tf.data.splits import load_data
from all_tf.evaluation.evaluate import build_loss
from all_tf.evaluation.predict import batches_to_score
from all_tf.runs.folder import write_config
from all_tf.runs.history_file import SPEED
from all_tf.training.fit import batches_to_fit, fit
from all_tf.training.prepare import prepare
from all_tf.training.prepared import Prepared
from all_tf.training.streaming_metrics import ConfusionMetrics
from builders.optimizers import build_optimizer

_BATCH_SIZE = 32
_STEPS = 4  # Of an epoch, and of a block of bare steps.
_ROUNDS = 12  # An epoch and a block in turn, because the load of a shared machine varies.
_SELECTION = 64  # Images.
_REPEATS = 20  # Of operations that take milliseconds.


class _Round(NamedTuple):
    """Seconds a step; CPU seconds are those of all threads of this process."""

    fit: float
    graph: float  # Part of `fit` in the compiled function: input, augmentation, network, metrics.
    bare: float
    fit_cpu: float
    bare_cpu: float


def benchmark_step(arch: str, *, image_size: int, records: Path | None) -> dict[str, object]:
    """Measure the images a second of `fit` as in train.py, and of a bare Keras loop.

    Epochs of `fit` and blocks of as many bare steps run in turn, in one process; the first epoch,
    which builds the graph and decodes, is left out. A bare step is `train_on_batch` on one float32
    batch in memory, at the network's size: the same layers, loss and kind of optimizer, compiled
    in the same way, without augmentation and metrics.

    Shares are of the time of a step of `fit`. `callbacks` is the time outside the compiled
    function: reading metrics, all callbacks, the loop of Keras. `input_wait` is the wait for the
    next batch between bare steps, which compete with the input for the cores as in `fit`.
    `augmentation` and `metrics` are timed alone, each including the call of a function. `rest` is
    the remaining difference, for example because the input slows the network down.

    Args:
        arch: Name of the architecture; the network has random weights.
        image_size: Side of the network's input, pixels.
        records: A records directory; None for synthetic cells.

    Returns:
        `images_per_second`, `bare_images_per_second` and `ratio_to_bare_step`, medians over the
        rounds; `cpu_ratio_to_bare_step`, the same of processor time, which depends less on the
        load of the machine; `shares`; `metrics_share_of_validation`, of the time of an `evaluate`.

    Raises:
        RecordsError, SplitError: `load_data` raised it.
    """
    experiment = _experiment(arch, image_size)
    with redirect_stdout(sys.stderr), tempfile.TemporaryDirectory() as folder:
        run = Path(folder)
        if records is None:
            data = draw_data(_STEPS * _BATCH_SIZE, num_selection=_SELECTION)
        else:
            data = load_data(experiment, records)
        prepared = prepare(experiment, data, Engine())
        selection = batches_to_score(data.selection, experiment, title="selection set")
        bare_step = _bare_step(prepared, selection)
        turns = _Turns(bare_step)
        write_config(run, experiment, {})
        fit(prepared, run=run, selection=selection, watchers=[turns])
        return _compare(turns.rounds, prepared, bare_step, selection)


def _experiment(arch: str, image_size: int) -> Experiment:
    return Experiment(
        arch,
        image_size=image_size,
        batch_size=_BATCH_SIZE,
        epochs=1 + _ROUNDS,
        learning_rate=1e-4,  # It does not change the cost of a step.
        augment=("hflip", "vflip", "random_crop"),
        imbalance="class_weights",
        weights="none",
        monitor="val_loss",
        limit_train=_STEPS * _BATCH_SIZE,
        limit_validation=_SELECTION,
    )


class _Turns(keras.callbacks.Callback):
    """Runs a block of bare steps after each epoch and times both; the last of the callbacks.

    Attributes:
        rounds: One for each epoch but the first.
    """

    def __init__(self, bare_step: Callable[[], object]):
        super().__init__()
        self._bare_step = bare_step
        self.rounds: list[_Round] = []

    def on_train_begin(self, logs=None):
        step = self.model.train_function

        def timed(iterator):
            began = time.perf_counter()
            figures = step(iterator)
            self._in_graph += time.perf_counter() - began
            return figures

        self.model.train_function = timed

    def on_epoch_begin(self, epoch, logs=None):
        self._in_graph, self._cpu = 0.0, -time.process_time()

    def on_train_batch_end(self, batch, logs=None):
        if batch + 1 == self.params["steps"]:
            self._cpu += time.process_time()

    def on_epoch_end(self, epoch, logs=None):
        if not epoch:  # The first epoch builds the graph and decodes the images.
            return
        steps = self.params["steps"]
        cpu_before = time.process_time()
        bare = sum(_seconds_each(self._bare_step, times=steps)) / steps
        bare_cpu = (time.process_time() - cpu_before) / steps
        fitted = _BATCH_SIZE / logs[SPEED]  # The speed in history.csv.
        self.rounds.append(
            _Round(fitted, self._in_graph / steps, bare, self._cpu / steps, bare_cpu)
        )


def _bare_step(prepared: Prepared, selection: tf.data.Dataset) -> Callable[[], object]:
    """Return a bare step of Keras; it was called once, so that its graph is built."""
    experiment, _, plan, classifier = prepared
    model = keras.Model(classifier.input, classifier.output)
    model.compile(
        optimizer=build_optimizer(
            experiment.optimizer, model, learning_rate=experiment.learning_rate
        ),
        loss=build_loss(experiment, plan.class_weights),
        jit_compile=classifier.compile_step is not None,
    )
    images, labels, _ = next(iter(selection))
    images = tf.cast(images, tf.float32)

    def step():
        return model.train_on_batch(images, labels)

    step()
    return step


def _compare(
    rounds: list[_Round],
    prepared: Prepared,
    bare_step: Callable[[], object],
    selection: tf.data.Dataset,
) -> dict[str, object]:
    fitted = median(each.fit for each in rounds)
    ratio = median(each.bare / each.fit for each in rounds)
    batch = next(iter(batches_to_fit(prepared, range(1))))
    counted = _metrics_seconds(prepared, batch)
    shares = {
        "input_wait": median(_waits(prepared, bare_step)) / fitted,
        "augmentation": _augmentation_seconds(prepared, batch) / fitted,
        "metrics": counted / fitted,
        "callbacks": median((each.fit - each.graph) / each.fit for each in rounds),
    }
    shares["rest"] = 1 - ratio - sum(shares.values())
    validated = median(
        _seconds_each(lambda: prepared.model.evaluate(selection, verbose=0), times=3)
    )
    return {
        "arch": prepared.experiment.arch,
        "image_size": prepared.experiment.image_size,
        "batch_size": _BATCH_SIZE,
        "cores": os.cpu_count(),
        "images_per_second": round(_BATCH_SIZE / fitted, 2),
        "bare_images_per_second": round(_BATCH_SIZE / median(each.bare for each in rounds), 2),
        "ratio_to_bare_step": round(ratio, 3),
        "cpu_ratio_to_bare_step": round(median(each.bare_cpu / each.fit_cpu for each in rounds), 3),
        "ratios_of_rounds": [round(each.bare / each.fit, 3) for each in rounds],
        "shares": {name: round(share, 4) for name, share in shares.items()},
        "metrics_share_of_validation": round(counted * int(selection.cardinality()) / validated, 5),
    }


def _waits(prepared: Prepared, bare_step: Callable[[], object]) -> Iterator[float]:
    """Yield the seconds until the next batch is ready, in an epoch with all images decoded."""
    batches = batches_to_fit(prepared, range(2))
    steps = int(batches.cardinality()) // 2
    iterator = iter(batches)
    for step in range(2 * steps):
        began = time.perf_counter()
        next(iterator)
        if step >= steps:
            yield time.perf_counter() - began
            bare_step()


def _augmentation_seconds(prepared: Prepared, batch: tuple) -> float:
    augment = tf.function(prepared.model.augment, autograph=False)
    images, labels, _ = batch
    return _in_a_loop(lambda: augment(images, labels, tf.constant(1)))


def _metrics_seconds(prepared: Prepared, batch: tuple) -> float:
    """Return the seconds to count the confusion matrix of a batch and compute its metrics."""
    figures = ConfusionMetrics(build_loss(prepared.experiment, prepared.plan.class_weights))
    _, labels, mask = batch
    logits = tf.random.normal(labels.shape)

    @tf.function(autograph=False)
    def count():
        figures.update_state(labels, logits, mask)
        return figures.result()

    return _in_a_loop(count)


def _in_a_loop(call: Callable[[], object]) -> float:
    call()  # Builds the graph.
    return median(_seconds_each(call, times=_REPEATS))


def _seconds_each(call: Callable[[], object], *, times: int) -> list[float]:
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - began)
    return seconds
