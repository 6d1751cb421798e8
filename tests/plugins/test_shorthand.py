"""A name with values in one line, as a table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optlab.errors import UserError
from optlab.plugins.shorthand import pair, pairs, table, value, values


def test_a_table_in_one_line():
    assert table("adam") == {"name": "adam"}
    assert table("adam lr=0.1 schedule=cosine label='my adam' beta1=[0.8,0.9]") == {
        "name": "adam",
        "lr": 0.1,
        "schedule": "cosine",
        "label": "my adam",
        "beta1": [0.8, 0.9],
    }
    assert table({"name": "gd", "lr": 1.0}) == {"name": "gd", "lr": 1.0}


@pytest.mark.parametrize("value", ["9" * 5000, "[" * 5000])
def test_digits_that_python_cannot_parse_are_a_string(value):
    assert table(f"gd lr={value}") == {"name": "gd", "lr": value}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gd lr", "'lr' is not NAME=VALUE, like lr=0.01"),
        ("gd lr=", "'lr=' is not NAME=VALUE, like lr=0.01"),
        ("gd lr=1 lr=2", "'lr' is given twice: lr=1 and lr=2"),
        ("adam name=gd", "'adam name=gd' has two names, 'adam' and 'gd'; leave name=... out"),
        ("", "'' is not a name with values, like 'momentum lr=0.01 beta=0.9'"),
        ("gd label='x", "\"gd label='x\" is not a name with values, like 'momentum lr=0.01 beta=0.9'"),
    ],
)
def test_lines_that_are_not_tables(text, message):
    with pytest.raises(UserError) as info:
        table(text)
    assert str(info.value) == message


@given(
    st.dictionaries(st.from_regex("[a-z_][a-z0-9_]{0,5}", fullmatch=True), st.text("0a.[]=:,", min_size=1), max_size=4)
)
def test_pairs_are_parsed(texts):
    words = [f"{name}={text}" for name, text in texts.items()]
    assert pairs(words) == texts
    assert values(words) == {name: value(text) for name, text in texts.items()}
    assert [pair(word, "NAME=VALUE", "lr=1") for word in words] == [*texts.items()]


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**63), 2**63 - 1) | st.booleans())
def test_values_are_read_as_in_toml(written):
    found = value(str(written).lower())
    assert (found, type(found)) == (written, type(written))


@pytest.mark.parametrize(
    ("text", "read"),
    [(".5", 0.5), ("-.5", -0.5), ("5.", 5.0), ("+.5e1", 5.0), (".x", ".x"), ("-", "-")],
)
def test_a_number_may_begin_or_end_with_a_decimal_point(text, read):
    assert value(text) == read


@pytest.mark.parametrize("word", ["lr", "lr=", "=1", "l r=1", "1r=1", ""])
def test_words_that_are_not_pairs(word):
    with pytest.raises(UserError, match=r"is not NAME=LOW:HIGH, like lr=0.01:1"):
        pair(word, "NAME=LOW:HIGH", "lr=0.01:1")
