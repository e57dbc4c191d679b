"""The first loss that is not a number ends a training and names the images of its batch."""

import json
import math
from contextlib import nullcontext
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf

from all_tf.data.batches import epoch_order
from all_tf.data.class_balance import STRATEGIES
from all_tf.data.splits import load_data
from all_tf.training.callbacks.terminate_on_nan import NonFiniteError, TerminateOnNonFinite
from all_tf.training.checkpoint import newest_state
from all_tf.training.streaming_metrics import ConfusionMetrics
from all_tf.training.train import train
from builders.classifier import build_classifier
from builders.losses import WeightedBinaryCrossentropy
from builders.optimizers import build_optimizer
from builders.registry import build_model
from tests.integration.test_resume import TUNED


def guard(num_images: int = 2) -> TerminateOnNonFinite:
    callback = TerminateOnNonFinite(
        lambda epoch, steps: [f"{epoch}/{step}/{n}" for step in steps for n in range(num_images)]
    )
    callback.set_params({"steps": 9})
    callback.on_epoch_begin(2)
    return callback


@pytest.mark.parametrize("loss", [math.nan, math.inf, -math.inf])
def test_error_names_epoch_step_and_images(loss):
    callback = guard()
    callback.on_train_batch_end(0, {"loss": 0.5})
    with pytest.raises(NonFiniteError) as caught:
        callback.on_train_batch_end(1, {"loss": loss})
    assert f"The loss is {loss} at epoch 3, step 2 of 9" in str(caught.value)
    assert "images of that batch: 2/1/0, 2/1/1. The state after epoch 2" in str(caught.value)
    assert caught.value.images == ["2/1/0", "2/1/1"]


def test_steps_that_run_in_one_call_are_all_suspected():
    callback = guard(num_images=1)
    callback.on_train_batch_end(2, {"loss": 0.5})
    with pytest.raises(NonFiniteError) as caught:
        callback.on_train_batch_end(5, {"loss": math.nan})
    assert caught.value.images == ["2/3/0", "2/4/0", "2/5/0"]


def test_long_batches_are_cut_short_in_the_message_alone():
    with pytest.raises(NonFiniteError, match="and 168 more, listed in status.json") as caught:
        guard(num_images=200).on_train_batch_end(0, {"loss": math.nan})
    assert len(caught.value.images) == 200


def test_validation_counts_too():
    with pytest.raises(NonFiniteError, match="validation after epoch 3 is nan"):
        guard().on_epoch_end(2, {"loss": 0.1, "val_loss": math.nan})


def test_training_stops_keeps_the_last_state_and_says_which_images(records, tmp_path, monkeypatch):
    data = load_data(TUNED, records, trusted=True)
    plan = STRATEGIES[TUNED.imbalance](data.fit.counts)
    order = epoch_order(data.fit, plan, seed=TUNED.seed, epoch=1)
    steps = -(-len(order) // TUNED.batch_size)

    def build_augment(names, *, view, seed):
        def augment(images, labels, step):
            bad = tf.where(step == steps + 1, math.nan, 1.0)
            return tf.cast(images, tf.float32)[:, :32, :32] * bad, labels

        return augment

    monkeypatch.setattr("all_tf.training.prepare.build_augment", build_augment)
    run = tmp_path / "run"
    with pytest.raises(NonFiniteError, match=f"epoch 2, step 2 of {steps}") as caught:
        train(replace(TUNED, ema=0.0), records, run)
    size = TUNED.batch_size
    expected = data.fit.names[order[size : 2 * size]].tolist()
    assert caught.value.images == expected and all(name in str(caught.value) for name in expected)
    assert newest_state(run).name == "epoch-0001"
    status = json.loads((run / "status.json").read_text())
    assert status["state"] == "failed" and status["images"] == expected


HALF = "mixed_float16"


@pytest.mark.parametrize(("steps_a_call", "seen_at"), [(1, "step 4 of"), (3, "step 6 of")])
def test_step_that_a_scaled_loss_skips_in_silence_is_seen(steps_a_call, seen_at):
    keras.utils.set_random_seed(0)
    model = build_model("base_cnn", image_size=32, weights="none", precision=HALF)
    optimizer = build_optimizer("adam", model, learning_rate=0.1, precision=HALF)
    loss = WeightedBinaryCrossentropy()
    classifier = build_classifier(
        model,
        loss=loss,
        optimizer=optimizer,
        metrics=[ConfusionMetrics(loss)],
        steps_per_execution=steps_a_call,
    )
    images = np.random.default_rng(0).uniform(0, 255, (6, 4, 32, 32, 3)).astype("float32")
    images[3, 0, 0, 0, 0] = math.nan
    batches = [(x, np.float32([[0], [1], [0], [1]]), np.ones(4, np.float32)) for x in images]
    dataset = tf.data.Dataset.from_generator(
        lambda: iter(batches),
        output_signature=tuple(tf.TensorSpec(x.shape, tf.float32) for x in batches[0]),
    )
    seen = []
    watch = keras.callbacks.LambdaCallback(
        on_train_batch_begin=lambda batch, logs: seen.append(batch)
    )
    with pytest.raises(NonFiniteError, match=seen_at):
        classifier.fit(
            dataset,
            steps_per_epoch=6,
            verbose=0,
            shuffle=False,
            callbacks=[TerminateOnNonFinite(lambda epoch, steps: ["cell"]), watch],
        )
    assert seen == list(range(0, 4, steps_a_call))
    assert int(optimizer.iterations) == {1: 3, 3: 5}[steps_a_call]  # The fourth is left out.
    weights = [keras.ops.convert_to_numpy(w) for w in classifier.trainable_variables]
    assert all(np.isfinite(weight).all() for weight in weights)


@pytest.mark.parametrize(("scale", "stops"), [(0.5, True), (1.0, False)])
def test_training_whose_steps_are_skipped_for_ever_is_stopped(scale, stops):
    model = build_model("base_cnn", image_size=32, weights="none", precision=HALF)
    optimizer = build_optimizer("adam", model, learning_rate=0.1, precision=HALF)
    optimizer.dynamic_scale.assign(scale)
    callback = guard()
    callback.set_model(
        build_classifier(model, loss=WeightedBinaryCrossentropy(), optimizer=optimizer)
    )
    expected = pytest.raises(NonFiniteError, match="cannot hold the gradients.*mixed_bfloat16")
    with expected if stops else nullcontext():
        callback.on_epoch_end(2, {"loss": 0.1, "val_loss": 0.1})
