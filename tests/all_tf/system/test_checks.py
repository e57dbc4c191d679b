"""Settings of a wrong type, an unknown word or a number out of range are refused."""

import pytest

from all_tf.system.checks import ConfigError, at_least, between, of_type, one_of


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1, int), (1, float), (1.5, float), (True, bool), ("a", str), (("a",), tuple[str, ...])],
)
def test_value_of_its_type_passes(value, expected):
    of_type("setting", value, expected)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("1", int), (1.0, int), (True, int), (True, float), (1, bool), (["a"], tuple[str, ...])],
)
def test_value_of_another_type_is_refused(value, expected):
    with pytest.raises(ConfigError, match="Expected setting of type .*Received: setting="):
        of_type("setting", value, expected)


def test_bounds_are_allowed_and_what_is_beyond_them_is_not():
    between("rate", 0, 0, 1)
    between("rate", 1, 0, 1)
    at_least("seed", 0, 0)
    at_least("seed", None, 0)
    for value in (-0.1, 1.1, float("nan")):
        with pytest.raises(ConfigError, match="Expected rate of 0 to 1. Received: rate="):
            between("rate", value, 0, 1)
    with pytest.raises(ConfigError, match="Expected seed of at least 0. Received: seed=-1"):
        at_least("seed", -1, 0)


def test_unknown_word_is_refused_with_the_known_ones():
    one_of("jit", "on", ("auto", "on"))
    with pytest.raises(ConfigError, match="Unknown jit. Known: auto, on. Received: jit='fast'"):
        one_of("jit", "fast", ("auto", "on"))
