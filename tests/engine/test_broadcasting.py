"""Values and gradients of every pair of shapes that broadcast."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from optlab.engine.passes import optimise
from optlab.engine.trace import trace
from optlab.engine.vjp import vjp
from tests.cases import first_cases
from tests.engine.oracles import assert_close, sum_to


def _share(a, b):
    return 1 / (1 + np.exp(b - a))


DERIVATIVES = {
    "multiply": (np.multiply, lambda a, b: b, lambda a, b: a),
    "divide": (np.divide, lambda a, b: 1 / b, lambda a, b: -a / b**2),
    "maximum": (np.maximum, lambda a, b: a > b, lambda a, b: a < b),
    "where": (lambda a, b: np.where(a > b, 2 * a, b), lambda a, b: 2 * (a > b), lambda a, b: a <= b),
    "logaddexp": (np.logaddexp, _share, lambda a, b: _share(b, a)),
    "hypot": (np.hypot, lambda a, b: a / np.sqrt(a**2 + b**2), lambda a, b: b / np.sqrt(a**2 + b**2)),
}
"""Functions of two arrays and their partial derivatives, by hand."""


def pairs_of_shapes(rank):
    """All pairs up to this rank, with sizes 0, 1 and 2."""
    shapes = [s for n in range(rank + 1) for s in itertools.product((0, 1, 2), repeat=n)]
    for a, b in itertools.product(shapes, shapes):
        if all(m == n or 1 in (m, n) for m, n in zip(a[::-1], b[::-1], strict=False)):
            yield a, b


def test_there_are_thousands_of_pairs():
    assert len(list(pairs_of_shapes(4))) == 6821


@pytest.mark.parametrize(("rank", "block"), first_cases(1, [(3, 0), (3, None), *((4, block) for block in range(8))]))
def test_every_pair_of_shapes(rank, block):
    """All functions together, each with its own cotangents: the gradient is the sum over all of them."""
    rng = np.random.default_rng(block)
    own = slice(None) if block is None else slice(block, None, 8)
    functions = [f for f, _, _ in DERIVATIVES.values()]
    for a_shape, b_shape in list(pairs_of_shapes(rank))[own]:
        a, b = (np.asarray(rng.uniform(0.3, 2, s) * rng.choice([-1, 1], s)) for s in (a_shape, b_shape))
        shape = np.broadcast_shapes(a_shape, b_shape)
        graph = optimise(vjp(trace(lambda a, b: [f(a, b) for f in functions], a, b), (0, 1)))
        cotangents = rng.uniform(-1, 1, (len(functions), *shape))
        *values, by_a, by_b = graph(a, b, *cotangents)
        for value, f in zip(values, functions, strict=True):
            assert value.shape == shape
            assert value.tobytes() == np.asarray(f(a, b)).tobytes()
        for ours, position in ((by_a, 0), (by_b, 1)):
            terms = [w * row[1 + position](a, b) for w, row in zip(cotangents, DERIVATIVES.values(), strict=True)]
            to = (a_shape, b_shape)[position]
            assert_close(ours, sum_to(sum(terms), to), 1e-14, sum_to(sum(map(np.abs, terms)), to), (a_shape, b_shape))


@pytest.mark.parametrize("name", DERIVATIVES)
def test_each_function_alone_up_to_rank_two(name):
    f, *derivatives = DERIVATIVES[name]
    rng = np.random.default_rng(0)
    for shapes in pairs_of_shapes(2):
        inputs = [np.asarray(rng.uniform(0.3, 2, s) * rng.choice([-1, 1], s)) for s in shapes]
        w = rng.uniform(-1, 1, np.broadcast_shapes(*shapes))
        value, *gradients = vjp(trace(f, *inputs), (0, 1))(*inputs, w)
        assert value.tobytes() == np.asarray(f(*inputs)).tobytes()
        for ours, derivative, shape in zip(gradients, derivatives, shapes, strict=True):
            terms = w * derivative(*inputs)
            assert_close(ours, sum_to(terms, shape), 1e-14, sum_to(np.abs(terms), shape), shapes)
