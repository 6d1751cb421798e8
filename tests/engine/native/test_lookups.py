"""Arrays that are looked up, in machine code: their entries become numbers of each run."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


@settings(max_examples=5, deadline=None)
@given(st.lists(st.integers(1, MOST // 4), max_size=3), st.integers(0, 99))
def test_the_most_numbers_that_are_inputs(parts, seed):
    """`MOST` numbers in tables of any sizes become inputs, in their order; one more is refused."""
    sizes = [*parts, MOST - sum(parts)]
    tables = [partial(drawn, seed + n, size) for n, size in enumerate(sizes)]

    def f(x, a, more=()):
        found = [
            optlab.lookup(table, a, shape=(size,))
            for table, size in zip([*tables, *more], [*sizes, *[1] * len(more)], strict=True)
        ]
        return np.sum(x) + sum(np.sum(table * np.arange(1.0, table.size + 1)) for table in found)

    graph = optimise(optlab.trace(f, np.ones(2), 0.0))
    made, a = spread(graph), np.array([0.5, -2.0, 3.0])
    entries = made.entries({1: a})
    assert len(entries) == len(made.by()) == MOST
    x = np.array([0.25, 4.0])
    for run, number in enumerate(a):
        right = graph(x, number)[0]
        assert made.graph(x, number, *(entry[run] for entry in entries))[0] == pytest.approx(right, rel=1e-13)
    with pytest.raises(Unsupported, match="it looks up more than 1,000 numbers per run"):
        spread(optlab.trace(partial(f, more=[partial(drawn, 1, 1)]), np.ones(2), 0.0))


def drawn(seed, size, number):
    """Numbers that depend on a number."""
    return np.random.default_rng(seed).normal(size=size) * number


def test_lookups_that_machine_code_does_not_support():
    def large(number):
        return np.zeros(MOST + 1)

    graph = optlab.trace(lambda a: np.sum(optlab.lookup(large, a, shape=(MOST + 1,))), 0.0)
    with pytest.raises(Unsupported, match="it looks up more than 1,000 numbers per run"):
        spread(graph)
    with pytest.raises(Unsupported, match="it looks arrays up by a computed number"):
        spread(optlab.trace(lambda a: optlab.lookup(half, a + 1), 0.0))
