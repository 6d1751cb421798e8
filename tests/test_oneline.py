"""A name with settings in one line, as a table."""

from __future__ import annotations

import pytest

from optlab.errors import UserError
from optlab.oneline import table


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
def test_what_python_refuses_to_read_as_a_number_is_a_text(value):
    assert table(f"gd lr={value}") == {"name": "gd", "lr": value}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gd lr", "'lr' is no NAME=VALUE, like lr=0.01"),
        ("gd lr=", "'lr=' is no NAME=VALUE, like lr=0.01"),
        ("gd lr=1 lr=2", "'lr' is given twice: lr=1 and lr=2"),
        ("adam name=gd", "'adam name=gd' has two names, 'adam' and 'gd'; leave name=... out"),
        ("", "'' is no name with settings, like 'momentum lr=0.01 beta=0.9'"),
        ("gd label='x", "\"gd label='x\" is no name with settings, like 'momentum lr=0.01 beta=0.9'"),
    ],
)
def test_a_line_that_is_no_table(text, message):
    with pytest.raises(UserError) as info:
        table(text)
    assert str(info.value) == message
