"""Nested containers and arrays: leaves in order, and the same structure rebuilt."""

from __future__ import annotations

from collections import namedtuple

import numpy as np
import pytest

from optlab.engine.pytree import is_tree, leaves, rebuilt

Pair = namedtuple("Pair", "a b")
one = np.ones(1)


@pytest.mark.parametrize("value", [1.0, one, [1, 2], ((1.0, 2.0), (3.0, 4.0)), np.float64(1), "text", None])
def test_arrays_and_objects_that_numpy_converts_to_arrays(value):
    assert not is_tree(value)
    assert list(leaves(value, "x")) == [("x", value)]


@pytest.mark.parametrize(
    "value", [{}, {"a": 1.0}, (one, 2.0), [one], [[1.0, one], 2], [{"a": 1}], Pair(one, 2)], ids=str
)
def test_nested_containers(value):
    assert is_tree(value)
    found = [leaf for _, leaf in leaves(value)]
    assert repr(rebuilt(value, iter(found))) == repr(value)


def test_names_of_leaves():
    tree = {"w": [one, (one, 2.0)], "b": Pair(one, {3: one})}
    assert [name for name, _ in leaves(tree, "p")] == [
        "p['w'][0]",
        "p['w'][1][0]",
        "p['w'][1][1]",
        "p['b'][0]",
        "p['b'][1][3]",
    ]
    assert rebuilt(tree, iter("vwxyz")) == {"w": ["v", ("w", "x")], "b": Pair("y", {3: "z"})}
