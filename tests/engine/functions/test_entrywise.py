"""Elementwise functions, operators and indexing."""

from __future__ import annotations

import numpy as np
import pytest

import optlab
from optlab.engine.functions import FUNCTIONS, UFUNCS, entrywise
from optlab.engine.trace import trace

torch = pytest.importorskip("torch")

PI = torch.pi

CASES = {
    np.where: [
        (lambda a, b: np.where(a > b, a * b, b), lambda a, b: torch.where(a > b, a * b, b), [(3,), (2, 1)]),
        (
            lambda a: np.where([True, False, True], a, 2.0),
            lambda a: a * torch.tensor([1, 0, 1]) + torch.tensor([0.0, 2, 0]),
            [(3,)],
        ),
        (lambda a: np.where(True, a, 0.0), lambda a: a * 1, [(3,)]),
        (lambda a: np.where(np.array([1, 0, 2]), a, -1.0 * a), lambda a: a * torch.tensor([1, -1, 1]), [(3,)]),
        (lambda a: np.where(a, a, 1), lambda a: a * 1, [(0, 2)]),
        (lambda a, b: np.where(a > 0, 1.0, 2) * b, lambda a, b: b * (2.0 - (a > 0).double()), [(4,), (4,)]),
    ],
    np.clip: [
        (lambda x: np.clip(x, -0.5, 0.5), lambda x: x.clamp(-0.5, 0.5), [(6,)]),
        (lambda x: np.clip(x, None, 0.5), lambda x: x.clamp(max=0.5), [(6,)]),
        (lambda x: np.clip(x, min=-0.5), lambda x: x.clamp(min=-0.5), [(6,)]),
        (lambda x: np.clip(x, max=1), lambda x: x.clamp(max=1), [(2, 3)]),
        (lambda x: np.clip(x, 0, a_max=1), lambda x: x.clamp(0, 1), [(2, 3)]),
        (lambda x: np.clip(x), lambda x: x * 1, [(3,)]),
        (
            lambda x, a, b: np.clip(x, a - 1, b + 1),
            lambda x, a, b: torch.minimum(torch.maximum(x, a - 1), b + 1),
            [(2, 3), (3,), ()],
        ),
        (lambda a: np.clip([-1.0, 0, 1], a, None), lambda a: torch.tensor([-1.0, 0, 1]).double().clamp(min=a), [()]),
    ],
    np.round: [
        (np.round, lambda x: torch.round(x) + 0 * x, [(2, 3)]),
        (lambda x: np.round(x, 2), lambda x: torch.round(x, decimals=2) + 0 * x, [(3,)]),
        (lambda x: np.round(100 * x, decimals=-1), lambda x: torch.round(10 * x) * 10, [(3,)]),
    ],
    np.around: [(lambda x: np.around(x, decimals=1), lambda x: torch.round(x, decimals=1) + 0 * x, [(3,)])],
    np.sinc: [
        (np.sinc, torch.sinc, [(2, 3)]),
        (np.sinc, torch.sinc, [()]),
        (np.sinc, torch.sinc, [(0,)]),
    ],
    np.polyval: [
        (lambda x: np.polyval([1.0, -2, 3], x), lambda x: x * x - 2 * x + 3, [(4,)]),
        (lambda p: np.polyval(p, 1.5), lambda p: p[0] * 2.25 + p[1] * 1.5 + p[2], [(3,)]),
        (lambda p: np.polyval(p, [1.5, 2.0]), lambda p: p[0] * torch.tensor([1.5, 2.0]).double() + p[1], [(2,)]),
        (np.polyval, lambda p, x: p[0] * x + p[1], [(2,), (2, 3)]),
        (lambda x: np.polyval([2.0], x), lambda x: 0 * x + 2, [(2,)]),
        (lambda x: np.polyval([], x) + x, lambda x: x * 1, [(2,)]),
    ],
    np.astype: [
        (lambda x: np.astype(x, float), lambda x: x * 1, [(3,)]),
        (lambda x: np.astype(x, np.float64, copy=False), lambda x: x * 1, [(3,)]),
        (lambda x: x * np.astype(x, int), lambda x: x * x.trunc().detach(), [(3,)]),
        (lambda x: x * np.astype(x, bool), lambda x: x * 1, [(3,)]),
    ],
    np.zeros_like: [
        (lambda x: x + np.zeros_like(x), lambda x: x + 0, [(2,)]),
        (lambda x: x + np.zeros_like(x, dtype=np.float32), lambda x: x + 0, [(2, 0)]),
    ],
    np.ones_like: [
        (lambda x: x * np.ones_like(x), lambda x: x * 1, [(2,)]),
        (lambda x: x * np.ones_like(x, int), lambda x: x * 1, [()]),
    ],
    np.full_like: [
        (lambda x: x * np.full_like(x, 3.0), lambda x: x * 3, [(2,)]),
        (lambda x: x * np.full_like(x, [3, 4], dtype=int), lambda x: x * torch.tensor([3, 4]), [(3, 2)]),
    ],
    np.size: [
        (lambda x: x * np.size(x), lambda x: x * 6, [(2, 3)]),
        (lambda x: x * np.size(x, axis=-1), lambda x: x * 3, [(2, 3)]),
    ],
    np.power: [
        (lambda x: np.power(x, 2), lambda x: x**2, [(3,)]),
        (lambda x: np.power(x * x + 0.5, 1.5), lambda x: (x * x + 0.5) ** 1.5, [(3,)]),
        (lambda x, p: np.power(x * x + 0.5, p), lambda x, p: (x * x + 0.5) ** p, [(3,), (2, 1)]),
        (lambda p: np.power(2.0, p), lambda p: 2.0**p, [(3,)]),
        (lambda x: np.power(x, [1.0, 2.0, 3.0]), lambda x: x ** torch.tensor([1.0, 2, 3]), [(3,)]),
        (lambda x: np.power(x, np.float64(2)), lambda x: x**2, [(3,)]),
        (lambda x: np.power(x, np.float32(3)), lambda x: x**3, [(3,)]),
        (lambda x: np.power(x, 2.0), lambda x: x**2, [(0,)]),
    ],
    np.float_power: [
        (lambda x: np.float_power(x, 3), lambda x: x**3, [(3,)]),
        (lambda p: np.float_power(2, p), lambda p: 2.0**p, [(3,)]),
    ],
    np.positive: [(lambda x: np.positive(x * 1.0), lambda x: x * 1, [(3,)])],
    np.fabs: [(lambda x: np.fabs(x * 1.0), abs, [(3,)])],
    np.logaddexp2: [
        (
            np.logaddexp2,
            lambda a, b: torch.logaddexp(a * np.log(2), b * np.log(2)) / np.log(2),
            [(3,), (2, 1)],
        )
    ],
    np.deg2rad: [(np.deg2rad, torch.deg2rad, [(3,)])],
    np.radians: [(np.radians, torch.deg2rad, [(3,)])],
    np.rad2deg: [(np.rad2deg, torch.rad2deg, [(3,)])],
    np.degrees: [(np.degrees, torch.rad2deg, [(3,)])],
    np.bitwise_and: [(lambda x: x * ((x > 0) & (x < 1)), lambda x: x * ((x > 0) & (x < 1)), [(6,)])],
    np.bitwise_or: [(lambda x: x * ((x > 1) | (x < 0)), lambda x: x * ((x > 1) | (x < 0)), [(6,)])],
    np.bitwise_xor: [(lambda x: x * ((x > 0) ^ (x > 1)), lambda x: x * ((x > 0) ^ (x > 1)), [(6,)])],
    np.invert: [(lambda x: x * ~(x > 0), lambda x: x * ~(x > 0), [(6,)])],
}


def test_every_row_has_a_case():
    rows = {**FUNCTIONS, **UFUNCS}
    assert set(CASES) == {f for f, row in rows.items() if row.__module__ == entrywise.__name__}


def test_entrywise_functions(case, check):
    check(case)


def test_small_whole_powers_are_products():
    ops = [node.op.name for p in (2, 3, 4, -1, 0.5) for node in trace(lambda x, p=p: x**p, 1.5).nodes]
    assert "power" not in ops
    assert [n.op.name for n in trace(lambda x: x**5, 1.5).nodes] == ["power"]


def test_conditions_combine_with_and_or_xor_not():
    x = np.array([-1.0, 0.5, 2.0])
    graph = trace(lambda x: ((x > 0) & (x < 1), (x < 0) | (x > 1), (x > 0) ^ (x > 1), ~(x > 0), (x > 0) & True), x)
    expected = [(x > 0) & (x < 1), (x < 0) | (x > 1), (x > 0) ^ (x > 1), ~(x > 0), x > 0]
    assert [v.tolist() for v in graph(x)] == [v.tolist() for v in expected]


# ---- kinks ----------------------------------------------------------------------------------------------------------


def test_sinc_at_zero():
    """sinc(x) = 1 - (pi x)^2 / 6 + ..."""
    first = optlab.grad(np.sinc)
    assert (float(trace(np.sinc, 0.0)(0.0)[0]), float(first(0.0))) == (1.0, 0.0)
    assert float(optlab.grad(first)(0.0)) == pytest.approx(-(np.pi**2) / 3, rel=1e-15)


@pytest.mark.parametrize("f", [np.round, np.floor, np.ceil, np.rint, np.trunc, np.fix, np.sign])
def test_step_functions_have_zero_derivatives(f):
    assert optlab.grad(lambda x: np.sum(f(x)))(np.array([-1.5, -0.2, 0.0, 0.5, 2.0])).tolist() == [0] * 5


def test_clip_at_and_beyond_its_bounds():
    assert optlab.grad(lambda x: np.sum(np.clip(x, -1, 1)))(np.array([-2.0, -1, 0, 1, 2])).tolist() == [0, 1, 1, 1, 0]
