"""A branch that is not taken has no effect: in all derivatives, both dtypes and on both back ends."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optlab import grad, hessian, hvp, jvp, minimize, problem, relu
from optlab.engine.derivatives import gradient_graph
from optlab.engine.passes import optimise, settle
from optlab.engine.trace import trace
from tests.cases import every, first_cases
from tests.engine.backends import on_native, on_replay
from tests.engine.choices import LEFT


@pytest.mark.parametrize("name", every(3, LEFT))
def test_derivatives_are_those_of_the_branch_taken(name):
    f, x, taken = LEFT[name]
    x = np.float64(x)
    for derivative in (grad, hessian, lambda f: grad(grad(grad(f))), lambda f: grad(lambda x: jvp(f)(x, 1.0))):
        np.testing.assert_allclose(derivative(f)(x), derivative(taken)(x), rtol=1e-13, atol=0)
    for product in (jvp, hvp, lambda f: jvp(grad(f))):
        np.testing.assert_allclose(product(f)(x, 2.0), product(taken)(x, 2.0), rtol=1e-13, atol=0)


@pytest.mark.parametrize("name", every(3, LEFT, 1))
def test_derivatives_in_float32(name):
    f, x, taken = LEFT[name]
    x = np.float32(min(x, 1e30) if np.isfinite(x) else x)
    for derivative in (grad, hessian):
        found = derivative(f)(x)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, derivative(taken)(x), rtol=1e-5, atol=0)


@pytest.mark.parametrize("name", every(3, LEFT, 2))
def test_both_back_ends_agree(name):
    f, x, taken = LEFT[name]
    points = np.array([x, x, x])
    expected = on_replay([grad(taken), hessian(taken)], points)
    np.testing.assert_allclose(on_replay([grad(f), hessian(f)], points), expected, rtol=1e-13, atol=0)
    if name not in ORDERS:
        np.testing.assert_allclose(on_native([grad(f), hessian(f)], points), expected, rtol=1e-13, atol=0)


ORDERS = ("median", "sort", "take_along_axis", "at the argmax")
"""Cases that machine code does not support."""


def test_a_run_on_a_plateau_continues():
    @problem(domain=(-1000.0, 1000.0), start=(800.0, -1.0))
    def capped(x):
        """min(exp(x), 1)."""
        return np.sum(np.minimum(np.exp(x), 1.0))

    result = minimize(capped, "gd", steps=3, lr=0.1)
    assert result.status == "done"
    assert result.x[0] == 800.0
    assert result.x[1] < -1.0


STEPS = (
    lambda v: v @ v,
    lambda v: v * v,
    lambda v: v + v,
    lambda v: np.cumsum(v, axis=0),
    lambda v: v @ np.ones((2, 2)),
    lambda v: np.einsum("ij,ij,jk->ik", v, v, v),
    lambda v: np.sum(v, axis=1, keepdims=True) * v,
    lambda v: np.outer(v[0], v[1]),
    lambda v: np.stack([np.prod(v, axis=0), np.mean(v, axis=1)]),
    lambda v: np.linalg.norm(v[0]) * v,
    lambda v: v**3,
    lambda v: np.maximum(v, relu(v)),
)
"""Functions from a matrix of large numbers to a matrix of numbers that are at least as large."""

CHOICES = (
    lambda t, s, x: np.minimum(np.sum(t), s),
    lambda t, s, x: np.sum(np.minimum(t, s)) / 4,
    lambda t, s, x: np.where(x < 0, np.sum(t), s),
    lambda t, s, x: np.sum(np.where(x < 0, t, s)) / 4,
    lambda t, s, x: np.stack([np.sum(t), s])[1],
    lambda t, s, x: np.min(np.stack([np.max(t), s])),
    lambda t, s, x: np.clip(np.sum(t), 0.0, s),
    lambda t, s, x: np.sum(relu(1.0 - t)) + s,
    lambda t, s, x: np.sort(np.stack([t[0, 0], s, t[1, 1]]))[0],
)


sizes = st.sampled_from([3.0, 1e100, 1e155, 1e200, 1e300, 1.7e308])
chains = st.lists(st.sampled_from(STEPS), min_size=1, max_size=5)


@pytest.mark.parametrize("examples", first_cases(1, [30, 100]))
def test_an_overflow_in_a_branch_not_taken_has_no_effect(examples):
    generated = settings(max_examples=examples, deadline=None, derandomize=True, database=None)
    generated(given(chains, st.sampled_from(CHOICES), sizes)(check_overflow))()


def check_overflow(steps, choice, x):
    def f(x):
        t = np.array([[1.0, 2.0], [3.0, 1.5]]) * x
        for step in steps:
            t = step(t)
        return choice(t, 0.5 + 1e-309 * x, x)

    assert grad(f)(x) == pytest.approx(1e-309, rel=1e-12, abs=0)
    assert hessian(f)(x) == 0


HONEST = {
    "the operand that is taken": (lambda x: np.maximum(np.sqrt(x), -1.0), np.inf),
    "both of a tie": (lambda x: np.minimum(np.sqrt(x), 2 * np.sqrt(x)), np.inf),
    "the entry that is taken": (lambda x: np.max(np.stack([np.log(x + 1), np.cbrt(x) + 5])), np.inf),
    "a product with 0": (lambda x: relu(1 + 0.0 * np.sqrt(x)), np.nan),
    "inside the bounds": (lambda x: np.clip(np.sqrt(x), -1.0, 1.0), np.inf),
    "an index": (lambda x: np.log(np.stack([x, x + 1]))[0], np.inf),
}


@pytest.mark.parametrize("name", HONEST)
def test_the_branch_taken_keeps_its_infinite_slope_and_nan(name):
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
def test_masks_exist_only_where_a_branch_may_have_an_infinite_slope(name, count):
    """Besides the `where` in the rule of each relu. Masks for second derivatives only are removed."""
    graph = optimise(settle(gradient_graph(trace(ORDINARY[name], np.ones(6)))))
    assert [node.op.name for node in graph.nodes].count("where") == count
    assert not any(node.op.name.startswith("logical") for node in graph.nodes)
