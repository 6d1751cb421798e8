"""Arrays that are looked up, in machine code: their entries become numbers of each run."""

from __future__ import annotations

import numpy as np
import pytest

import optlab
from optlab.engine.native.ir import Unsupported
from optlab.engine.native.lookups import MOST, spread
from optlab.engine.passes import optimise


def powers(number):
    return number ** np.arange(1.0, 7.0).reshape(2, 3)


def half(number):
    return number / 2


def f(x, a, b):
    return np.sum(optlab.lookup(powers, a, shape=(2, 3)) @ x) + optlab.lookup(half, b) * a


def test_the_entries_become_inputs():
    graph = optimise(optlab.trace(f, np.ones(3), 0.0, 0.0))
    made = spread(graph)
    assert all(node.op.name != "lookup" for node in made.graph.nodes)
    assert made.by() == [1] * 6 + [2]
    x, a, b = np.array([0.5, -1.0, 2.0]), np.array([2.0, 3.0, 2.0]), np.array([1.0, 4.0, 5.0])
    entries = made.entries({1: a, 2: b})
    for run in range(3):
        expected = graph(x, a[run], b[run])[0]
        assert made.graph(x, a[run], b[run], *(entry[run] for entry in entries))[0] == expected
        assert f(x, a[run], b[run]) == pytest.approx(float(expected), rel=1e-15)


def test_without_lookups_the_graph_is_unchanged():
    graph = optlab.trace(lambda x: np.sum(x), np.ones(3))
    assert spread(graph).graph is graph


def test_lookups_that_machine_code_does_not_support():
    def large(number):
        return np.zeros(MOST + 1)

    graph = optlab.trace(lambda a: np.sum(optlab.lookup(large, a, shape=(MOST + 1,))), 0.0)
    with pytest.raises(Unsupported, match="it looks up more than 1,000 numbers per run"):
        spread(graph)
    with pytest.raises(Unsupported, match="it looks arrays up by a computed number"):
        spread(optlab.trace(lambda a: optlab.lookup(half, a + 1), 0.0))
