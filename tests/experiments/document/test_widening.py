"""Wider ranges in the text of an experiment file."""

from __future__ import annotations

import tomllib

import pytest

from optlab.experiments.document.widening import Edge, widened
from optlab.plugins.interval import AllowedRange


def wider(axis, low=False, high=True, allowed=None):
    text = f'# a comment\n[[optimizer]]\nname = "o"\nlr = {axis} # another\nend = 1\n'
    edge = Edge(("optimizer", 0, "lr"), "lr", "o", low, high, AllowedRange.read(allowed) if allowed else None)
    found = widened(text, tomllib.loads(text), [edge])
    before, after = (line for line in found.text.split("\n") if line.startswith("lr")), found.text
    assert after.startswith("# a comment\n")
    assert after.endswith(" # another\nend = 1\n")
    return next(before).removeprefix("lr = ").removesuffix(" # another"), found


@pytest.mark.parametrize(
    ("axis", "low", "high", "allowed", "new"),
    [
        ("{ log_uniform = [1e-4, 1.0] }", False, True, None, "{ log_uniform = [1e-4, 10.0] }"),
        ("{ log_uniform = [1e-4, 1.0] }", True, False, "(0, inf)", "{ log_uniform = [1e-05, 1.0] }"),
        ("{log_uniform=[1e-4,3]}", True, True, "(0, 5]", "{log_uniform=[1e-05,5]}"),
        ("{ uniform = [0.5, 0.9] }", False, True, "[0, 1)", "{ uniform = [0.5, 0.99] }"),
        ("{ uniform = [0.5, 0.9] }", True, False, "[0, 1)", "{ uniform = [0.1, 0.9] }"),
        ("{ uniform = [0.3, 0.9] }", True, False, "[0, 1)", "{ uniform = [0.0, 0.9] }"),
        ("{ uniform = [-1, 1] }", True, True, None, "{ uniform = [-3, 3] }"),
        ("{ integers = [1, 8] }", True, True, "[1, inf)", "{ integers = [1, 15] }"),
        ("{ integers = [2, 8] }", True, False, "(0, inf)", "{ integers = [1, 8] }"),
        ("{ log = [1e-4, 1.0], num = 9 }", False, True, None, "{ log = [1e-4, 10.0], num = 11 }"),
        ("{ num = 5, linear = [0.0, 1.0] }", True, True, None, "{ num = 13, linear = [-1.0, 2.0] }"),
    ],
)
def test_one_axis(axis, low, high, allowed, new):
    line, found = wider(axis, low, high, allowed)
    assert line == new
    assert len(found.changes) == 1
    assert not found.left


@pytest.mark.parametrize(
    ("axis", "low", "high", "allowed", "why"),
    [
        ("[0.1, 0.2, 0.3]", False, True, None, "is written as a list"),
        ("{ uniform = [0.0, 0.5] }", True, False, "[0, 1)", "is at the limit of what it allows, [0, 1)"),
    ],
)
def test_axes_that_cannot_be_wider(axis, low, high, allowed, why):
    line, found = wider(axis, low, high, allowed)
    assert line == axis
    assert not found.changes
    assert why in found.left[0]


def test_several_axes_in_schedules_and_transforms():
    text = """
[[optimizer]]
name = "a"
schedule = { name = "step", factor = { uniform = [0.25, 0.5] } }
transforms = ["lookahead", { name = "clip_norm", max_norm = { log_uniform = [
    0.1,  # low
    1.0,
] } }]
[[optimizer]]
name = "b"
[optimizer.lr]
log_uniform = [1e-3, 1e-2]
"""
    edges = [
        Edge(("optimizer", 1, "lr"), "lr", "b", True, True),
        Edge(("optimizer", 0, "schedule", "factor"), "schedule.factor", "a", False, True),
        Edge(("optimizer", 0, "transforms", 1, "max_norm"), "clip_norm.max_norm", "a", True, False),
    ]
    found = widened(text, tomllib.loads(text), edges)
    tables = tomllib.loads(found.text)["optimizer"]
    assert tables[0]["schedule"]["factor"] == {"uniform": [0.25, 0.75]}
    assert tables[0]["transforms"][1]["max_norm"] == {"log_uniform": [0.01, 1.0]}
    assert tables[1]["lr"] == {"log_uniform": [1e-4, 0.1]}
    assert "# low" in found.text
    assert found.changes[0] == "b: lr log_uniform [0.001, 0.01] -> [0.0001, 0.1]"
