"""Experiments are checked when they are made."""

from dataclasses import fields, replace

import pytest

from all_tf.config.experiment import LATER_SETTINGS, Experiment, View
from all_tf.system.checks import ConfigError


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("arch", "resnet9000", "Unknown arch. Known: .*densenet169"),
        ("imbalance", "pray", "Unknown imbalance"),
        ("protocol", "leaky", "Unknown protocol"),
        ("monitor", "val_kapa", "Unknown monitor. Known: val_loss, .*val_kappa"),
        ("augment", ("hflip", "spin"), "Unknown augment.*Received: augment='spin'"),
        ("image_size", 16, "image_size of 32 to 2048"),
        ("image_size", 10**9, "image_size of 32 to 2048"),
        ("image_size", "300", "image_size of type int. Received: image_size='300'"),
        ("epochs", True, "epochs of type int"),
        ("patience", 1.5, r"patience of type int \| None"),
        ("arch", ["vgg16"], "arch of type str"),
        ("augment", "hflip", "augment of type tuple"),
        ("dropout", None, r"dropout of type int \| float"),
        ("batch_size", 0, "batch_size of at least 1"),
        ("epochs", 0, "epochs of at least 1"),
        ("fold", -1, "fold of at least 0"),
        ("seed", -1, "seed of at least 0"),
        ("limit_train", 1, "limit_train of at least 2"),
        ("learning_rate", 0.0, "learning_rate of 1e-12 to 1000"),
        ("learning_rate", float("nan"), "learning_rate of"),
        ("crop", 600, "crop of 32 to 450"),
        ("loss", "hinge", "Unknown loss. Known: weighted_bce, focal"),
        ("optimizer", "lion", "Unknown optimizer"),
        ("precision", "float16", "Unknown precision. Known: float32, mixed_bfloat16"),
        ("schedule", "linear", "Unknown schedule"),
        ("label_smoothing", 1.0, "label_smoothing of 0 to 0.9"),
        ("weight_decay", -0.1, "weight_decay of 0 to 1"),
        ("warmup_epochs", 10, "warmup_epochs of 0 to 9.*Pass --warmup-epochs 9 or less, or more"),
        ("freeze_epochs", 11, "freeze_epochs of 0 to 10"),
        ("layer_decay", 0.0, "layer_decay of 0.001 to 1"),
        ("dropout", 1.0, "dropout of 0 to 0.9"),
        ("ema", 1.0, "ema of 0 to"),
        ("patience", 0, "patience of at least 1"),
        ("score_held_out", 1, "score_held_out of type bool"),
    ],
)
def test_impossible_value_is_refused_with_what_is_allowed(field, value, message):
    with pytest.raises(ConfigError, match=message):
        replace(Experiment("base_cnn"), **{field: value})


def test_protocol_of_the_study_has_no_held_out_set_to_leave_out():
    with pytest.raises(ConfigError, match="Leave out --no-held-out"):
        Experiment("base_cnn", protocol="study", score_held_out=False)


def test_canvas_is_larger_only_where_crops_are_random():
    assert Experiment("base_cnn", image_size=224).view == View(450, 224, 224)
    cropped = Experiment("base_cnn", image_size=224, augment=("random_crop",), crop=300)
    assert cropped.view == View(300, 256, 224)


def test_every_setting_that_the_first_version_lacked_has_its_place_among_the_later_ones():
    """Without it, the files of runs that were trained before would be refused as damaged."""
    first = {
        *("arch", "image_size", "batch_size", "epochs", "learning_rate", "augment", "imbalance"),
        *("crop", "weights", "protocol", "fold", "monitor", "seed", "limit_train"),
        "limit_validation",
    }
    later = [name for names in LATER_SETTINGS for name in names]
    assert {field.name for field in fields(Experiment)} == first | set(later)
    assert len(set(later)) == len(later) and not first & set(later)
