"""Verdicts of `check_grad` under scaling and shifting of f and x: no verdict on generated cases is wrong.

Functions and their gradients are written by hand, in a vector u of moderate size. The checked function is
c f((x - X) / s) + b at x = X + s u, whose gradient is c / s times that of f: a scale s and a shift X of x, a scale c
and an offset b of f.
"""

from __future__ import annotations

import collections
import math

import numpy as np
import pytest

from optlab import check_grad, grad
from tests.cases import first_cases


def matrix(n):
    return np.sin(np.arange(n * n) + 1.0).reshape(n, n)


def unit(u, i):
    return np.eye(u.size)[i]


FUNCTIONS = {
    "sin": (lambda u: np.sum(np.sin(u)), np.cos),
    "parabola": (lambda u: np.sum(u**2 * np.arange(1, u.size + 1)), lambda u: 2 * u * np.arange(1, u.size + 1)),
    "cubic": (lambda u: np.sum(u**3) - u[0] * u[1], lambda u: 3 * u**2 - unit(u, 0) * u[1] - unit(u, 1) * u[0]),
    "absolute": (lambda u: np.sum(np.abs(u)), np.sign),
    "absolute times": (lambda u: np.sum(np.abs(u) * u), lambda u: 2 * np.abs(u)),
    "exp": (lambda u: np.sum(np.exp(-u / 9) * u), lambda u: np.exp(-u / 9) * (1 - u / 9)),
    "valley": (
        lambda u: 100 * (u[1] - u[0] ** 2) ** 2 + np.sum((1 - u) ** 2),
        lambda u: 200 * (u[1] - u[0] ** 2) * (unit(u, 1) - 2 * u[0] * unit(u, 0)) - 2 * (1 - u),
    ),
    "norm": (np.linalg.norm, lambda u: u / np.sqrt(u @ u)),
    "largest": (lambda u: np.max(u) ** 2, lambda u: 2 * np.max(u) * (u == np.max(u))),
    "maximum": (lambda u: np.sum(np.maximum(u, 0.3) ** 2), lambda u: 2 * u * (u > 0.3)),
    "logsumexp": (
        lambda u: np.log(np.sum(np.exp(u - np.max(u)))) + np.max(u),
        lambda u: np.exp(u) / np.sum(np.exp(u)),
    ),
    "root": (lambda u: np.sum(np.sqrt(np.abs(u))), lambda u: np.sign(u) / 2 / np.sqrt(np.abs(u))),
    "cbrt": (lambda u: np.sum(np.cbrt(u)), lambda u: 1 / 3 / np.cbrt(u) ** 2),
    "logarithm": (lambda u: np.sum(np.log1p(u * u)), lambda u: 2 * u / (1 + u * u)),
    "product": (np.prod, lambda u: np.array([np.prod(np.delete(u, i)) for i in range(u.size)])),
    "wave": (lambda u: np.sum(np.cos(30 * u)), lambda u: -30 * np.sin(30 * u)),
    "fast wave": (lambda u: np.sum(np.sin(1e6 * u)), lambda u: 1e6 * np.cos(1e6 * u)),
    "stairs": (lambda u: np.sum(np.floor(3 * u)) + np.sum(u), np.ones_like),
    "matrix": (lambda u: u @ matrix(u.size) @ u, lambda u: (matrix(u.size) + matrix(u.size).T) @ u),
    "pieces": (lambda u: np.sum(np.where(u > 0.2, u**2, 3 - u)), lambda u: np.where(u > 0.2, 2 * u, -1.0)),
    "constant": (lambda u: 3.0 + 0 * np.sum(u), lambda u: 0 * u),
    "spread": (
        lambda u: np.var(u) + np.std(u),
        lambda u: 2 * (u - u.mean()) / u.size * (1 + 0.5 / np.std(u)),
    ),
    "mixed": (
        lambda u: np.sum(np.tanh(u) * u[::-1]),
        lambda u: (1 - np.tanh(u) ** 2) * u[::-1] + np.tanh(u)[::-1],
    ),
}


def at_one(change):
    """Change one component."""

    def changed(g, rng):
        g = g.copy()
        i = rng.integers(g.size)
        g[i] = change(g[i])
        return g

    return changed


CLAIMS = {
    "right": lambda g, rng: g,
    "a sign": at_one(lambda v: -v),
    "none": at_one(lambda v: 0 * v),
    "twice": at_one(lambda v: 2 * v),
    "a thousandth": at_one(lambda v: 1.001 * v),
    "in another order": lambda g, rng: np.roll(g, 1),
    "downwards": lambda g, rng: -g,
    "a term more": lambda g, rng: g + 0.01 * np.max(np.abs(g)) * (rng.integers(2, size=g.size)),
}


def opaque(f):
    """The same function of Python numbers: no complex step, and no measurement of rounding inside."""
    return lambda x: float(f(np.array([float(v) for v in x])))


def cases(count, seed):
    """(name, f, x, gradient, claimed gradient, whether rounding of the offset leaves f visible)."""
    rng = np.random.default_rng(seed)
    made = 0
    while made < count:
        name = list(FUNCTIONS)[made % len(FUNCTIONS)]
        f, g = FUNCTIONS[name]
        u = rng.normal(size=rng.integers(2, 5)) * 10 ** rng.uniform(-1, 1)
        s, c = (10.0 ** int(rng.choice([0, rng.integers(-300, 301), rng.integers(-20, 21)])) for _ in range(2))
        if not -290 < math.log10(c) - math.log10(s) < 290:
            continue
        shift = s * rng.choice([0, 0, 0, 1e3, 1e6, 1e9])
        offset = float(rng.choice([0, 0, 3, 1e6, 1e12]))
        x = shift + s * u
        v = (x - shift) / s
        with np.errstate(all="ignore"):
            gradient = g(v) * (c / s)
            value = c * f(v) + c * offset
        if not (np.isfinite(gradient).all() and np.isfinite(value)):
            continue
        made += 1
        claim = CLAIMS[rng.choice(list(CLAIMS)) if rng.random() < 0.6 else "right"](gradient, rng)

        def moved(x, f=f, c=c, s=s, shift=shift, offset=offset):
            return c * f((x - shift) / s) + c * offset

        yield name, moved, x, gradient, claim, offset < 1e5 and shift == 0


def judged(count, seed, through):
    """The number of times of each verdict. Fails at a wrong verdict."""
    found = collections.Counter()
    for name, f, x, gradient, claim, is_plain in cases(count, seed):
        check = check_grad(through(f), x, gradient=lambda x, claim=claim: claim)
        for component in check.components:
            true, said = gradient[component.index], claim[component.index]
            is_right = abs(said - true) <= 1e-7 * abs(true)  # the argument of a fast wave is rounded
            assert component.verdict != ("wrong" if is_right else "right"), (
                name,
                x.tolist(),
                f.__defaults__,
                component,
            )
            found[is_plain and name != "fast wave", component.verdict] += 1
    return found


@pytest.mark.parametrize("count", first_cases(1, [30, 1000]))
def test_verdicts_with_complex_steps_are_right_and_rarely_undetermined(count):
    found = judged(count, 0, lambda f: f)
    total = sum(found.values())
    undetermined = sum(n for (_, verdict), n in found.items() if verdict == "undetermined")
    assert undetermined <= 0.001 * total
    assert sum(n for (_, verdict), n in found.items() if verdict == "wrong") > 0.15 * total


@pytest.mark.parametrize("count", first_cases(1, [150, 300]))
def test_verdicts_from_real_values_are_never_wrong(count):
    """Undetermined cases have offsets far larger than f, or slopes of 0 that may be rounding: f looks constant."""
    found = judged(count, 1, opaque)
    plain = sum(n for (is_plain, _), n in found.items() if is_plain)
    assert found[True, "undetermined"] <= 0.15 * plain
    assert found[True, "right"] > 0.5 * plain
    assert found[True, "wrong"] > 0.1 * plain


# ---- one by one ------------------------------------------------------------------------------------------------------


def of_one(f, opaque=False):
    return (lambda x: float(f(float(x[0])))) if opaque else (lambda x: f(x[0]))


ONE = {
    "a small f": (lambda x: 1e-13 * np.sin(x), 1.0, 1e-13 * math.cos(1)),
    "a small f with an absolute value": (lambda x: 1e-13 * np.abs(np.sin(x)), -1.0, -1e-13 * math.cos(1)),
    "an offset": (lambda x: 1e12 + np.sin(x), 1.0, math.cos(1)),
    "an offset that drowns f": (lambda x: 1e17 + np.abs(np.sin(x)), -1.0, -math.cos(1)),
    "absolute far out": (np.abs, -1e300, -1.0),
    "absolute close to 0": (np.abs, 1e-300, 1.0),
    "absolute of a difference": (lambda x: np.abs(x - 1e6), 1e6 + 1e-3, 1.0),
    "cancellation": (lambda x: (1e20 + x) - 1e20, 1.0, 1.0),
    "logarithm close to 0": (np.log, 1e-300, 1e300),
    "root close to 0": (np.sqrt, 1e-300, 5e149),
    "a fast wave": (lambda x: np.sin(1e8 * x), 1.0, 1e8 * math.cos(1e8)),
    "a high power of a negative number": (lambda x: x**200.0, -1.1, 200 * (-1.1) ** 199),
    "stairs": (lambda x: 1e12 + 1e-5 * np.floor(x), 0.5, 0.0),
    "a constant": (lambda x: 5, 1.0, 0.0),
    "a branch": (lambda x: x**2 if x > 0.5 else 0.0, 1.0, 2.0),
    "float32 inside": (lambda x: x.astype(np.float32) ** 2, 1.1, 2.2),
    "close to a jump": (lambda x: np.where(x > 0, 1 + x, x), 1e-9, 1.0),
    "a parabola at its minimum": (lambda x: x**2, 0.0, 0.0),
    "whole steps": (lambda x: np.remainder(x, 3) + np.fmod(x, 2.0), 7.5, 2.0),
}


@pytest.mark.parametrize("name", ONE)
@pytest.mark.parametrize("wrong", [None, -1.0, 1.001, 0.0, 2.0])
def test_functions_that_are_hard_to_judge(name, wrong):
    f, x, slope = ONE[name]
    claim = slope if wrong is None else wrong * slope if slope else wrong or 1e-30
    check = check_grad(of_one(f), [x], gradient=lambda x: np.array([claim]))
    if wrong is None:
        assert check, str(check)
    else:
        assert check.wrong, str(check)


UNKNOWN = {
    "an offset": (lambda x: 1e12 + math.sin(x), 1.0),
    "an offset that drowns f": (lambda x: 1e17 + math.sin(x), 1.0),
    "cancellation": (lambda x: (1e20 + x) - 1e20, 1.0),
    "cancellation of a product": (lambda x: (1e20 * x + x) - 1e20 * x, 1.1),
    "cancellation of powers": (lambda x: (1e6 + x) ** 3 - 1e18 - 3e12 * x, 1.0),
    "stairs or rounding": (lambda x: math.floor(x * 1e9) / 1e9, 0.3000000005),
    "a very fast wave": (lambda x: math.sin(1e16 * x), 1.0),
    "a step on no scale": (lambda x: math.tanh(1e200 * x), 0.0),
    "a jump": (lambda x: 1 + x if x > 0 else x, 0.0),
    "an end of the domain": (lambda x: math.sqrt(x), 0.0),
    "not a number": (lambda x: math.nan, 1.0),
    "infinite": (lambda x: math.inf, 1.0),
    "nothing beside": (lambda x: x if x == 1.0 else math.log(-1), 1.0),
}


@pytest.mark.parametrize("name", UNKNOWN)
@pytest.mark.parametrize("claim", [0.0, 1.0, -0.5, math.nan])
def test_values_without_information_are_undetermined(name, claim):
    f, x = UNKNOWN[name]
    check = check_grad(of_one(f, opaque=True), [x], gradient=lambda x: np.array([claim]))
    assert check.verdict == "undetermined in 1 of 1 component", str(check)
    assert not check
    assert not check.wrong
    assert check.undetermined == check.components


@pytest.mark.parametrize("claim", [math.nan, math.inf, -math.inf])
def test_an_infinite_component_is_wrong_if_the_slope_is_finite(claim):
    assert check_grad(lambda x: x[0] ** 2, [1.0], gradient=lambda x: np.array([claim])).wrong


@pytest.mark.parametrize("dtype", [np.float32, np.float64, int])
def test_the_tolerance_depends_on_the_dtype_of_the_gradient(dtype):
    x, slope = ([1.0, 3.0], [2, 6]) if dtype is int else ([1.1, 2.3], [2.2, 4.6])
    assert check_grad(lambda x: np.sum(x**2), x, gradient=lambda x: np.array(slope, dtype))
    assert check_grad(lambda x: np.sum(x**2), x, gradient=lambda x: np.array(slope, float) * 1.0001).wrong


@pytest.mark.parametrize(("factor", "is_right"), [(1, True), (1.001, False), (-1, False)])
def test_a_function_that_returns_float32(factor, is_right):
    check = check_grad(
        lambda x: np.sum(np.asarray(x, dtype=np.float32) ** 2), [1.1, 2.3], gradient=lambda x: factor * 2 * x
    )
    assert bool(check) is is_right
    assert bool(check.wrong) is not is_right


def test_gradients_of_nested_arguments():
    point = {"w": np.array([[1.0, 2.0], [3.0, 4.0]]), "b": (0.5, np.array([1.0]))}

    def f(p):
        return np.sum(np.sin(p["w"])) * p["b"][0] + np.sum(p["b"][1] ** 3)

    assert check_grad(f, point)

    def wrong(p):
        return {"w": np.cos(p["w"]) * p["b"][0], "b": (np.sum(np.sin(p["w"])), 2 * p["b"][1])}

    check = check_grad(f, point, gradient=wrong)
    assert [c.name for c in check.wrong] == ["df/dx['b'][1][0]"]
    assert check.of == 6


# ---- functions of matrices that ignore an entry of x -----------------------------------------------------------------


def of_a_matrix(seed):
    """An entry of a Cholesky factor of a generated matrix, which does not depend on x[1], and a point."""
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(3, 3))
    positive = root @ root.T + 0.1 * np.eye(3)
    scale, size = 10.0 ** rng.choice([0, 0, -3, -100]), 10.0 ** rng.choice([0, 0, -200, 200])

    def f(x):
        return size * np.linalg.cholesky(positive + np.diag(x / scale) + np.outer(x / scale, x / scale))[2, 0]

    return f, np.abs(rng.normal(size=3)) * scale


@pytest.mark.parametrize("count", first_cases(1, [10, 40]))
def test_rounding_of_a_slope_of_zero_is_not_wrong(count):
    noisy = 0
    for seed in range(count):
        f, x = of_a_matrix(seed)
        noisy += grad(f)(x)[1] != 0
        assert check_grad(f, x), str(check_grad(f, x))
    assert noisy


@pytest.mark.parametrize("share", [1.0, 1e-3, 1e-9])
def test_a_slope_for_an_ignored_entry_is_wrong(share):
    for seed in range(4):
        f, x = of_a_matrix(seed)
        more = np.array([0.0, share * abs(f(x)) / abs(x[1]), 0.0])
        check = check_grad(f, x, gradient=lambda x, f=f, more=more: grad(f)(x) + more)
        assert [c.index for c in check.wrong] == [(1,)], str(check)


@pytest.mark.parametrize(("size", "verdict"), [(1e-6, "undetermined"), (1e6, "wrong")])
def test_a_large_offset_gives_undetermined_and_never_right(size, verdict):
    f, x = of_a_matrix(0)
    unit = abs(f(x))
    more = np.array([0.0, size * unit / x[1], 0.0])
    check = check_grad(lambda x: f(x) + 1e12 * unit, x, gradient=lambda x: grad(f)(x) + more)
    assert check.components[1].verdict == verdict
