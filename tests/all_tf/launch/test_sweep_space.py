"""A space file: what it may say, what it is refused for, where a sweep begins."""

import json

import pytest

from all_tf.launch.options import RECORDS
from all_tf.launch.sweep_space import Choice, Range, read_space
from all_tf.runs.folder import RunError
from all_tf.system.checks import ConfigError
from tests.conftest import ROOT


@pytest.fixture
def read(tmp_path):
    """Read a space of these options."""

    def written(**options):
        path = tmp_path / "space.json"
        path.write_text(json.dumps(options))
        return read_space(path)[0]

    return written


RATE = {"learning_rate": {"low": 1e-4, "high": 1e-2, "log": True}}


def test_values_are_fixed_lists_are_choices_and_objects_are_ranges(read):
    space = read(
        experiment="scratch",
        deterministic=True,
        epochs={"low": 4, "high": 8, "step": 2},
        augment=["none", "hflip,vflip"],
        **RATE,
    )
    assert space.fixed == {"experiment": "scratch", "deterministic": True}
    assert space.varied == {
        "epochs": Range(4, 8, step=2, whole=True),
        "augment": Choice(("none", "hflip,vflip")),
        "learning_rate": Range(1e-4, 1e-2, log=True),
    }
    words = space.words({"epochs": 6, "augment": "none", "learning_rate": 1e-3})
    assert words == [
        *("--experiment", "scratch", "--deterministic", "--epochs", "6", "--augment", "none"),
        *("--learning-rate", "0.001"),
    ]
    asked = space.ask({"epochs": 6, "learning_rate": 1e-3, "augment": "hflip,vflip"})
    assert (asked.experiment.epochs, asked.experiment.augment) == (6, ("hflip", "vflip"))
    assert asked.engine.deterministic and asked.records == RECORDS


def test_sweep_begins_with_what_the_row_has_where_the_space_holds_it(read):
    space = read(experiment="scratch", dropout={"low": 0.3, "high": 0.6}, ema=[0.9, 0.995], **RATE)
    assert space.start() == {"learning_rate": 2e-3, "ema": 0.995}  # The row's dropout is 0.2.
    space = read(arch=["base_cnn", "cellnet"], weights="none", **RATE)
    assert space.start() == {"arch": "base_cnn", "learning_rate": 1e-3}


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"experiment": "scratch", "learning_rat": 1}, "Unknown option. Known: experiment, arch"),
        ({"experiment": "scratch", "fold": [0, 1], **RATE}, "The sweep decides it"),
        ({"experiment": "scratch", "score_held_out": True, **RATE}, "The sweep decides it"),
        ({"experiment": "scratch"}, "Nothing is varied"),
        (RATE, "Expected one of experiment and arch"),
        ({"experiment": "scratch", "arch": "cellnet", **RATE}, "Expected one of experiment"),
        ({"experiment": "scratch", "optimizer": ["adam", "lion"]}, "optimizer 'lion'.*choose from"),
        ({"experiment": "scratch", "dropout": {"low": 0, "high": 1}}, "dropout 1: .*of 0 to 0.9"),
        ({"experiment": "scratch", "epochs": {"low": 1.5, "high": 4}}, "whole numbers for epochs"),
        ({"experiment": "scratch", "augment": {"low": 0, "high": 1}}, "no range of numbers"),
        ({"experiment": "scratch", "epochs": {"low": 4}}, "numbers low and high"),
        ({"experiment": "scratch", "epochs": {"low": 4, "high": 4}}, "low below high"),
        ({"experiment": "scratch", "epochs": {"low": 4, "high": 7, "step": 2}}, "from low to high"),
        (
            {"experiment": "scratch", "dropout": {"low": 0, "high": 0.5, "log": True}},
            "above 0 with",
        ),
        ({"experiment": "scratch", "ema": [0.9, 0.9]}, "a list of different values"),
        ({"experiment": "scratch", "ema": None}, "Expected for ema a value"),
    ],
)
def test_what_train_would_not_take_is_refused(read, options, why):
    with pytest.raises(ConfigError, match=why):
        read(**options)


def test_file_that_is_no_object_is_refused(tmp_path):
    path = tmp_path / "space.json"
    path.write_text("[1]")
    with pytest.raises(RunError, match="Expected an object"):
        read_space(path)


@pytest.mark.parametrize(
    "path", sorted((ROOT / "docs/spaces").glob("*.json")), ids=lambda x: x.name
)
def test_spaces_of_the_docs_can_be_read_and_hold_their_row(path):
    space, _ = read_space(path)
    assert space.start().keys() == space.varied.keys()
