"""Which graphs are unrolled, and which get loops."""

from __future__ import annotations

import numpy as np
import pytest

from optlab import trace
from optlab.engine.native import lowering, scalar_ir
from optlab.engine.native.array_ir import Rolled
from optlab.engine.native.ir import Unsupported
from optlab.engine.native.lowering import LONG, lowered
from optlab.engine.native.scalar_ir import Scalars
from optlab.engine.passes import optimise


def form(f, dim):
    return lowered(optimise(trace(f, np.ones(dim))), None, (0,))


def test_many_operations_get_loops():
    """Two operations for each entry: an exponential, and the sum."""
    assert isinstance(form(lambda x: np.sum(np.exp(x)), LONG // 2), Scalars)
    assert isinstance(form(lambda x: np.sum(np.exp(x)), LONG // 2 + 1), Rolled)


def test_a_graph_without_loops_is_unrolled():
    assert isinstance(form(lambda x: np.prod(np.stack([np.cos(x[n] / (n + 1)) for n in range(600)])), 600), Scalars)
    assert isinstance(form(lambda x: np.sum(np.exp(x.reshape(4, 150)).T @ np.ones(4)), 600), Scalars)


def test_slices_that_overlap_too_often_get_no_loops():
    def f(x):
        for _ in range(8):
            x = np.exp(x[1:]) - np.exp(x[:-1])
        return np.sum(x)

    assert isinstance(form(f, 200), Scalars)


def test_a_graph_far_above_the_limit_is_not_tried_without_loops(monkeypatch):
    monkeypatch.setattr(lowering, "written_out", lambda *given: pytest.fail("it was"))
    with pytest.raises(Unsupported, match="it has more than 20,000 operations on single numbers, and argsort has"):
        form(lambda x: np.sum(np.exp(np.sort(x))), 18_000)


def test_a_graph_slightly_above_the_limit_is_tried_without_loops(monkeypatch):
    monkeypatch.setattr(scalar_ir, "LIMIT", 1_000)
    with pytest.raises(Unsupported, match="operations on single numbers, and an array falls into more than"):
        form(lambda x: np.sum(np.exp(x)[np.arange(600) % 7]), 600)
