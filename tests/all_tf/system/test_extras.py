"""What an extra brings is looked for, and its installation named."""

import sys

import pytest

from all_tf.system.checks import ConfigError
from all_tf.system.extras import require_modules


def test_what_is_there_is_not_imported():
    before = set(sys.modules)
    require_modules(("json", "this"), extra="page", what="The page")
    assert "this" not in set(sys.modules) - before


def test_what_is_missing_is_named_with_the_extra_that_brings_it():
    message = r"The page needs what is not installed here: no_a, no_b.*pip install -e '\.\[page\]'"
    with pytest.raises(ConfigError, match=message):
        require_modules(("no_a", "json", "no_b"), extra="page", what="The page")
