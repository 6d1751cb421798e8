"""Ranges of options: read from intervals, and enforced wherever an option is set."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optlab import optimizer
from optlab.errors import PluginError, UserError
from optlab.plugins import registry
from optlab.plugins.interval import AllowedRange
from optlab.plugins.validation import with_defaults


@given(st.floats(-100, 100), st.floats(-100, 100), st.booleans(), st.booleans(), st.floats())
def test_square_brackets_include_the_end(a, b, with_low, with_high, value):
    low, high = sorted((a, b))
    text = f"{'[' if with_low else '('}{low!r}, {high!r}{']' if with_high else ')'}"
    if low == high:
        with pytest.raises(ValueError, match="contains no number"):
            AllowedRange.read(text)
        return
    above = value >= low if with_low else value > low
    below = value <= high if with_high else value < high
    assert (value in AllowedRange.read(text)) == (above and below)


@pytest.mark.parametrize("text", ["", "0, 1", "[0; 1]", "[0, 1", "[1, 0]", "[a, 1]", "[0, 1] "])
def test_invalid_intervals(text):
    if text == "[0, 1] ":
        assert 1 in AllowedRange.read(text)
        assert math.nan not in AllowedRange.read(text)
    else:
        with pytest.raises(ValueError, match=r".+"):
            AllowedRange.read(text)


@pytest.mark.parametrize(
    ("ranges", "message"),
    [
        ({"beta": "[0, 1)"}, "declares a range of 'beta', which is not one of its options"),
        ({"lr": "0..1"}, "declares a range of 'lr' that cannot be read: '0..1' is no interval"),
        ({"lr": "(1, inf)"}, r"has the default lr=0.1, which does not lie in its range \(1, inf\)"),
    ],
)
def test_a_wrong_declaration(ranges, message):
    with pytest.raises(PluginError, match=message):

        @optimizer(ranges=ranges)
        def rule(x, g, *, lr=0.1):
            return x - lr * g


def test_a_value_out_of_range_is_reported_with_its_place(planned):
    @optimizer(ranges={"lr": "(0, inf)", "order": "[1, 5]"})
    def ranged(x, g, *, lr=0.1, order=2):
        return x - lr * g

    tables = {"problem": [{"name": "sphere"}], "steps": 1}
    with pytest.raises(Exception, match=r"ranged: 'lr' must lie in \(0, inf\), not -0.5"):
        planned(tables | {"optimizer": [{"name": "ranged", "lr": [0.1, -0.5]}]}, ranged)
    with pytest.raises(Exception, match=r"ranged: 'order' must lie in \[1, 5\], not 7"):
        planned(tables | {"optimizer": [{"name": "ranged", "order": 7}]}, ranged)
    assert planned(tables | {"optimizer": [{"name": "ranged", "lr": 1.0, "order": 5}]}, ranged).runs == 1


def test_numbers_of_steps_are_whole():
    """Options of schedules and transforms that count steps, by the known default of every built-in plugin."""
    known = registry.load(())
    counts = {"warmup", "every", "begin"}
    found = [
        (plugin, name)
        for kind in (known.schedules, known.transforms)
        for plugin in kind.values()
        for name in counts & plugin.signature.numbers.keys()
        if plugin.signature.numbers[name] % 1 == 0  # `begin` is a factor in others
    ]
    assert len(found) == 10
    for plugin, name in found:
        with pytest.raises(UserError, match=f"'{name}' must be a whole number, not 1.5"):
            with_defaults(plugin, {name: 1.5})
        assert with_defaults(plugin, {name: 2})[0][name] == 2.0
        with pytest.raises(UserError, match=rf"'{name}' must lie in \{{.*, \.\.\.\}}, not -1"):
            with_defaults(plugin, {name: -1})
