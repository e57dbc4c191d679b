"""JSON that reads differently elsewhere is refused with what is wrong."""

import json

import pytest

from tfrecords.store.strict_json import parse_json


@pytest.mark.parametrize("content", [{"a": [1, 2.5, None, True, "é"], "b": {}}, [], "x", 0])
def test_what_was_written_is_read(content):
    assert parse_json(json.dumps(content)) == parse_json(json.dumps(content).encode()) == content


DAMAGE = {
    '{"a": NaN}': "NaN is no finite number",
    "[-Infinity, 1e999]": "no finite number",
    '{"a": 1e999}': "1e999 is no finite number",
    '{"a": 1, "b": 2, "a": 3}': "the field 'a' twice",
    '{"a": 1234567890123456789}': "a whole number of 19 digits",
    '{"a": "\\u0000"}': "a NUL character",
    '["\\ud800"]': "surrogates not allowed",
    "[" * 100_000: "nested too deeply",
    '{"a": ': "Expecting value",
    "": "Expecting value",
}


@pytest.mark.parametrize("text", DAMAGE, ids=range(len(DAMAGE)))
def test_damage_is_a_value_error_that_says_what(text):
    with pytest.raises(ValueError, match=DAMAGE[text]):
        parse_json(text)


def test_bytes_that_are_no_utf_8_are_refused():
    with pytest.raises(ValueError, match="utf-8"):
        parse_json(b'"\xff"')
