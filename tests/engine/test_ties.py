"""Second derivatives where choices tie are right, or NaN as documented in docs/engine.md, and never wrong."""

from __future__ import annotations

import functools

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optlab import grad, hessian, hvp, jvp, relu, run, trace
from optlab.engine.derivatives import gradient_graph
from optlab.engine.passes import optimise, settle
from optlab.engine.ties import decided
from tests.cases import every, first_cases
from tests.engine.backends import on_native, on_replay
from tests.engine.pieces import EXACT, EXACT_OF_SEVERAL, OF_SEVERAL, SMOOTH

PLAIN = sorted(set(SMOOTH) - {name for name in SMOOTH if "sort" in name or "median" in name})
"""Cases that machine code supports: no sorting orders."""


@functools.cache
def curvature(name):
    _, smooth, x = SMOOTH[name]
    with mp.workdps(60):
        return float(mp.diff(smooth, mp.mpf(x), 2, h=mp.mpf(10) ** -20))


def check(found, expected, exact, rtol=1e-12):
    if exact or not np.isnan(found).any():
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("name", every(3, SMOOTH))
def test_the_second_derivative_of_one_number(name):
    f, _, x = SMOOTH[name]
    expected, exact = curvature(name), name in EXACT
    check(hessian(f)(x), expected, exact)
    check(grad(grad(f))(x), expected, exact)
    check(grad(lambda x: jvp(f)(x, 1.0))(x), expected, exact)
    for v in (1.0, -3.0):
        check(hvp(f)(x, v), expected * v, exact)
        check(jvp(grad(f))(x, v), expected * v, exact)
    in_float32 = hessian(f)(np.float32(x))
    assert in_float32.dtype == np.float32
    check(in_float32, expected, exact, rtol=1e-5)


@pytest.mark.parametrize("name", every(3, SMOOTH, 1))
def test_both_back_ends_agree_at_ties(name):
    f, _, x = SMOOTH[name]
    points = np.array([x, x])
    for found in [on_replay([hessian(f)], points), *([on_native([hessian(f)], points)] if name in PLAIN else [])]:
        check(found[0], np.full(2, curvature(name)), name in EXACT)


@pytest.mark.parametrize("name", every(2, OF_SEVERAL))
def test_the_hessian_of_several_numbers(name):
    f, x, expected = OF_SEVERAL[name]
    x, expected, exact = np.array(x), np.array(expected, float), name in EXACT_OF_SEVERAL
    check(hessian(f)(x), expected, exact)
    for v in (*np.eye(x.size), -np.arange(1.0, 1 + x.size)):
        check(hvp(f)(x, v), expected @ v, exact)
        check(jvp(grad(f))(x, v), expected @ v, exact)
        check(grad(lambda x, v=v: np.sum(grad(f)(x) * v))(x), expected @ v, exact)
    split = lambda *entries: f(np.stack(entries))  # noqa: E731 (the same of arguments of their own)
    rows = hessian(split, tuple(range(x.size)))(*x)
    check(np.array(rows, float), expected, exact)


def test_mixed_derivatives_with_respect_to_two_arguments():
    for f in (lambda x, y: y * (relu(x) - relu(-x)), lambda x, y: relu(x * y) - relu(-x * y)):
        assert grad(grad(f, 0), 1)(0.0, 0.0) == 1


def test_third_derivatives():
    third = grad(grad(grad(lambda x: relu(x) ** 3 - relu(-x) ** 3 + (relu(x) + relu(-x)) ** 2)))
    assert third(0.0) == 6
    assert grad(hessian(lambda x: np.exp(relu(x) - relu(-x))))(0.0) == 1


# ---- compositions ---------------------------------------------------------------------------------------------------

HALVES = [
    lambda u: relu(u) - relu(-u),
    lambda u: np.clip(u, -5, 0) + np.clip(u, 0, 5),
    lambda u: np.sort(np.stack([u, 0 * u]))[1] + np.sort(np.stack([0 * u, u]))[0],
    lambda u: relu(u) + np.clip(u, -5, 0),
    lambda u: relu(relu(u)) - np.clip(-u, 0, 5),
    lambda u: u,
]
"""Expressions that equal the identity near 0."""
OUTER = [(np.sin, mp.sin), (np.expm1, mp.expm1), (np.tanh, mp.tanh), (lambda u: u + u**2, lambda u: u + u**2)]
OUTER += [(lambda u: 2.0 * u, lambda u: 2 * u), (lambda u: -u, lambda u: -u), (np.arctan, mp.atan)]
"""Functions with the value 0 at 0, so that all ties are at the same point."""

disguises = st.integers(0, len(HALVES) - 1)
layers = st.lists(st.tuples(disguises, st.integers(0, len(OUTER) - 1)), min_size=1, max_size=4)


@pytest.mark.parametrize("examples", first_cases(1, [3, 60]))
def test_compositions_of_functions_with_ties(examples):
    generated = settings(max_examples=examples, deadline=None, derandomize=True, database=None)
    generated(given(layers, layers, disguises)(check_composition))()


def check_composition(one, other, last):
    def f(x):
        u, w = x, x
        for disguise, outer in one:
            u = OUTER[outer][0](HALVES[disguise](u))
        for disguise, outer in other:
            w = OUTER[outer][0](HALVES[disguise](w))
        return u + HALVES[last](u) * w

    def smooth(x):
        u, w = x, x
        for _, outer in one:
            u = OUTER[outer][1](u)
        for _, outer in other:
            w = OUTER[outer][1](w)
        return u + u * w

    with mp.workdps(50):
        expected = float(mp.diff(smooth, mp.mpf(0), 2, h=mp.mpf(10) ** -15))
    np.testing.assert_allclose(hvp(f)(0.0, 2.0), 2 * expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(hessian(f)(0.0), expected, rtol=1e-12, atol=1e-12)


# ---- where there is no second derivative ----------------------------------------------------------------------------


@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(st.integers(0, 2**32), st.integers(1, 3))
def test_at_real_kinks_the_hessian_is_that_of_one_piece_and_symmetric(seed, n):
    """For the sum of a_k relu(w_k x)^2 at 0 it is 2 sum a_k w_k w_k' over the k active at some nearby point."""
    rng = np.random.default_rng(seed)
    w, a = rng.integers(-2, 3, size=(5, n)).astype(float), rng.normal(size=5)
    found = hessian(lambda x: np.sum(a * relu(w @ x) ** 2))(np.zeros(n))
    nearby = rng.normal(size=(20000, n)) @ w.T > 0
    pieces = {tuple(on) for on in nearby}
    expected = [2 * (w.T * (a * on)) @ w for on in pieces]
    assert min(np.abs(found - e).max() for e in expected) < 1e-12


def hidden(x, bias):
    h = relu(np.array([[0.0, 0.0], [1.0, -1.0], [2.0, 0.5]]) @ x[:6].reshape(2, 3) + bias * x[6:9])
    h = relu(h @ x[9:15].reshape(3, 2) + bias * x[15:17])
    return np.sum((h @ x[17:19] - 1) ** 2) + np.sum(x**2)


def test_a_network_with_biases_keeps_its_graph():
    example = np.ones(19)
    slope = optimise(trace(grad(lambda x: hidden(x, 1.0)), example))
    assert decided(slope, (0,)) is slope
    without = optimise(trace(grad(lambda x: hidden(x, 0.0)), example))
    assert decided(without, (0,)) is not without
    shared = optimise(trace(grad(lambda x: np.sum(relu(x[:2] + x[2]) ** 2 + relu(x[3:] - x[2]))), np.ones(5)))
    assert decided(shared, (0,)) is not shared


def test_executed_graphs_have_no_marks():
    graph = settle(gradient_graph(trace(lambda x: np.sum(np.clip(relu(np.sort(x)), 0.5, 1.0) ** 2), np.ones(3))))
    assert "tie_mark" not in {node.op.name for node in graph.nodes}


@pytest.mark.parametrize("bias", [0.0, 1.0])
def test_second_derivatives_of_networks_stay_finite(bias):
    rng = np.random.default_rng(0)
    for weights in (np.zeros(19), -np.ones(19), np.where(np.arange(19) < 9, -1.0, 1.0), rng.normal(size=19)):
        f = lambda x: hidden(x, bias)  # noqa: E731
        found = hessian(f)(weights)
        assert np.isfinite(found).all()
        np.testing.assert_array_equal(found, found.T)
        assert np.isfinite(hvp(f)(weights, rng.normal(size=19))).all()


NETWORKS = """\
name = "relu"
steps = 20
seeds = 3
problem = [
    {name = "mlp", dataset = "xor", hidden = [3, 3], activation = "relu"},
    {name = "mlp", dataset = "spirals", hidden = [4], activation = "relu"},
]
optimizer = [{name = "sophia"}, {name = "adahessian"}, {name = "newton", lr = 0.1, damping = 1.0}]
"""


def test_rules_with_hessian_products_stay_finite_on_networks(tmp_path):
    (tmp_path / "relu.toml").write_text(NETWORKS)
    runs = run(tmp_path / "relu.toml", out=tmp_path, plots=False).runs
    assert len(runs) == 18
    assert set(runs["status"]) == {"done"}
    assert np.isfinite(runs["final_loss"]).all()
