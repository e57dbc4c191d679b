"""What a training runs on is checked like its settings, and noted beside them."""

from dataclasses import asdict

import pytest

from all_tf.config.engine import Engine, engine_of
from all_tf.system.checks import ConfigError


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("deterministic", 1, "deterministic of type bool. Received: deterministic=1"),
        ("jit", "sometimes", "Unknown jit. Known: auto, on, off. Received: jit='sometimes'"),
        ("devices", 0, "devices of at least 1"),
        ("steps_per_execution", 0, "steps_per_execution of at least 1"),
        ("steps_per_execution", True, "steps_per_execution of type int"),
    ],
)
def test_impossible_engine_is_refused_with_what_is_allowed(field, value, message):
    with pytest.raises(ConfigError, match=message):
        Engine(**{field: value})


def test_step_that_devices_share_is_not_compiled():
    with pytest.raises(ConfigError, match="several devices share. Leave out --jit on or --devices"):
        Engine(jit="on", devices=2)


def test_devices_do_not_take_several_steps_a_call():
    with pytest.raises(ConfigError, match="Leave out --steps-per-execution or --devices"):
        Engine(steps_per_execution=2, devices=2)


def test_engine_is_read_back_from_what_a_run_notes():
    engine = Engine(deterministic=True, jit="off", devices=1, steps_per_execution=4)
    assert engine_of({"engine": asdict(engine)}) == engine


@pytest.mark.parametrize(
    ("most", "steps", "expected"), [(1, 12, 1), (4, 12, 4), (5, 12, 4), (99, 12, 12), (9, 13, 1)]
)
def test_no_call_reaches_over_the_end_of_an_epoch(most, steps, expected):
    assert Engine(steps_per_execution=most).steps_a_call(steps) == expected


@pytest.mark.parametrize("facts", [{}, {"engine": None}, {"engine": {"turbo": True}}])
def test_run_without_a_known_engine_is_refused(facts):
    with pytest.raises(ConfigError, match="has no engine that this version can read"):
        engine_of(facts)
