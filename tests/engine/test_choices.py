"""What a choice does not take leaks nothing: in all derivatives, in both types, on both back ends."""

from __future__ import annotations

import numpy as np
import pytest

from optlab import grad, hessian, hvp, jvp, minimize, problem, relu
from optlab.engine.derivatives import gradient_graph
from optlab.engine.passes import optimise, settle
from optlab.engine.trace import trace
from tests.engine.backends import on_native, on_replay
from tests.engine.choices import LEFT


@pytest.mark.parametrize("name", LEFT)
def test_derivatives_are_those_of_what_is_taken(name):
    f, x, taken = LEFT[name]
    x = np.float64(x)
    for derivative in (grad, hessian, lambda f: grad(grad(grad(f))), lambda f: grad(lambda x: jvp(f)(x, 1.0))):
        np.testing.assert_allclose(derivative(f)(x), derivative(taken)(x), rtol=1e-13, atol=0)
    for product in (jvp, hvp, lambda f: jvp(grad(f))):
        np.testing.assert_allclose(product(f)(x, 2.0), product(taken)(x, 2.0), rtol=1e-13, atol=0)


@pytest.mark.parametrize("name", LEFT)
def test_in_float32(name):
    f, x, taken = LEFT[name]
    x = np.float32(min(x, 1e30) if np.isfinite(x) else x)
    for derivative in (grad, hessian):
        found = derivative(f)(x)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, derivative(taken)(x), rtol=1e-5, atol=0)


@pytest.mark.parametrize("name", LEFT)
def test_on_both_back_ends(name):
    f, x, taken = LEFT[name]
    points = np.array([x, x, x])
    expected = on_replay([grad(taken), hessian(taken)], points)
    np.testing.assert_allclose(on_replay([grad(f), hessian(f)], points), expected, rtol=1e-13, atol=0)
    if name not in ORDERS:
        np.testing.assert_allclose(on_native([grad(f), hessian(f)], points), expected, rtol=1e-13, atol=0)


ORDERS = ("median", "sort", "take_along_axis", "at the argmax")
"""What is not for machine code."""


def test_a_run_on_a_plateau_goes_on():
    @problem(domain=(-1000.0, 1000.0), start=(800.0, -1.0))
    def capped(x):
        """min(exp(x), 1)."""
        return np.sum(np.minimum(np.exp(x), 1.0))

    result = minimize(capped, "gd", steps=3, lr=0.1)
    assert result.status == "done"
    assert result.x[0] == 800.0
    assert result.x[1] < -1.0


HONEST = {
    "the operand that is taken": (lambda x: np.maximum(np.sqrt(x), -1.0), np.inf),
    "both of a tie": (lambda x: np.minimum(np.sqrt(x), 2 * np.sqrt(x)), np.inf),
    "the entry that is taken": (lambda x: np.max(np.stack([np.log(x + 1), np.cbrt(x) + 5])), np.inf),
    "a product with 0": (lambda x: relu(1 + 0.0 * np.sqrt(x)), np.nan),
    "inside the bounds": (lambda x: np.clip(np.sqrt(x), -1.0, 1.0), np.inf),
    "an index": (lambda x: np.log(np.stack([x, x + 1]))[0], np.inf),
}


@pytest.mark.parametrize("name", HONEST)
def test_what_is_taken_keeps_its_infinite_slope_and_its_nan(name):
    f, expected = HONEST[name]
    np.testing.assert_equal(float(grad(f)(0.0)), expected)


ORDINARY = {
    "Rosenbrock": lambda x: np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2),
    "a network with relu": lambda x: np.sum(relu(relu(np.ones((3, 2)) @ x[:4].reshape(2, 2) + x[4:6]) @ x[:2]) ** 2),
    "entries of squares": lambda x: np.sum(np.sin(x**2)[1:] * x[:-1]),
    "entries of absolute values": lambda x: np.sum(np.sin(np.abs(np.ones((6, 6)) @ x) * x)[1:]),
}
MASKS = [("Rosenbrock", 0), ("a network with relu", 2), ("entries of squares", 0), ("entries of absolute values", 0)]


@pytest.mark.parametrize(("name", "count"), MASKS)
def test_masks_are_made_only_where_something_may_leak(name, count):
    """Besides the `where` that each relu's own rule is; those for second derivatives alone are gone."""
    graph = optimise(settle(gradient_graph(trace(ORDINARY[name], np.ones(6)))))
    assert [node.op.name for node in graph.nodes].count("where") == count
    assert not any(node.op.name.startswith("logical") for node in graph.nodes)
