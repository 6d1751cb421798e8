"""Operations as terms and as signs."""

from __future__ import annotations

import numpy as np
import pytest

import optlab
from optlab.engine.draw.symbols import number, sign, written
from optlab.engine.nodes import names_in
from optlab.engine.ops import OPS

X = np.ones((2, 3))
CASES = [
    (lambda x, y: x + y, "x + y", "+"),
    (lambda x, y: x - 1.5, "x - 1.5", "x-1.5"),
    (lambda x, y: 1.5 - x, "1.5 - x", "1.5-x"),
    (lambda x, y: 2 * x, "2 * x", "*2"),
    (lambda x, y: x + -2.0, "x + -2", "+-2"),
    (lambda x, y: x / y, "x / y", "/"),
    (lambda x, y: 1 / x, "1 / x", "1/x"),
    (lambda x, y: -x, "-x", "-x"),
    (lambda x, y: x**2, "x**2", "x²"),
    (lambda x, y: x**1.5, "x**1.5", "x^1.5"),
    (lambda x, y: x**y, "x**y", "x^y"),
    (lambda x, y: np.sqrt(x), "sqrt(x)", "√x"),
    (lambda x, y: np.maximum(x, y), "max(x, y)", "max"),
    (lambda x, y: np.maximum(x, 0.0), "max(x, 0)", "max(x,0)"),
    (lambda x, y: abs(x), "abs(x)", "|x|"),
    (lambda x, y: x >= y, "x >= y", ">="),
    (lambda x, y: x[0, 1:], "x[0, 1:]", "[0, 1:]"),
    (lambda x, y: np.sum(x), "sum(x)", "sum"),
    (lambda x, y: np.max(x, axis=1), "max(x, axis=(1,))", "max"),
    (lambda x, y: np.exp(y), "exp(y)", "exp"),
    (lambda x, y: x @ y.T, "x @ y", "@"),
]


@pytest.mark.parametrize(("f", "term", "short"), CASES)
def test_terms_of_operations(f, term, short):
    graph = optlab.trace(f, X, X)
    node, names = graph.nodes[-1], names_in(graph)
    numbers = {v: number(value.item()) for v, value in graph.constants.items() if not v.shape}
    shown = [{"a": "y"}.get(names[v], names[v]) for v in node.inputs]  # the entry is of y.T, an earlier operation
    assert (written(node, shown), sign(node, numbers)) == (term, short)


def test_two_inputs_and_a_number_have_letters():
    graph = optlab.trace(lambda c, x: np.where(c > 0, x, 0.5), X, X)
    numbers = {v: number(value.item()) for v, value in graph.constants.items()}
    assert sign(graph.nodes[-1], numbers) == "where(x,y,0.5)"


def test_only_known_operations_have_signs():
    from optlab.engine.draw import symbols

    assert set(symbols._SIGNS) | set(symbols._FORMS) | set(symbols.SYMMETRIC) <= set(OPS)
