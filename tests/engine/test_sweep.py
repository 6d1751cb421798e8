"""Value, first and second derivative of the whole catalogue, from 0 to infinity, on both back ends and in both types.

Compared with mpmath, the relative error is below 1e-12 plus the effect of a few units in the last place of x. For large
x it is relative to f / x and f' / x, since there a derivative may be a small difference of these.
"""

from __future__ import annotations

import functools
import itertools
from typing import Any

import mpmath as mp
import numpy as np
import pytest

from optlab import grad, hessian
from optlab.engine.ops import OPS
from optlab.engine.trace import trace
from tests.cases import every
from tests.engine.backends import on_native, on_replay
from tests.engine.sweep import ONE, POINTS

FINITE = POINTS[np.isfinite(POINTS)]
USUAL = (np.abs(FINITE) < 1e30) & ((np.abs(FINITE) > 1e-30) | (FINITE == 0))
SINGLE = FINITE[USUAL].astype(np.float32)[::2]
MULTIPLES = {float(x): (1.0, 0.0) for x in (*FINITE, *SINGLE) if float(x) % 3 == 0}

AT_KINKS: dict[str, dict[float, tuple[float, float]]] = {
    "absolute": {0.0: (0.0, np.nan)},
    "cbrt": {0.0: (np.inf, np.nan)},
    "relu": {0.0: (0.0, 0.0)},
    "max": {1.5: (1.5, np.nan)},
    "ptp": {1.5: (0.5, np.nan)},
    "norm, 1": {0.0: (0.0, np.nan)},
    "norm, 3": {0.0: (0.0, np.nan)},
    "norm, -1": {0.0: (np.nan, np.nan)},
    "remainder": MULTIPLES,
    "fmod": MULTIPLES,
}
"""First and second derivatives at points of the sweep that are in the table of docs/engine.md."""

WITHIN = {"norm, -1": (1e-3, np.inf), "norm, 3": (0.0, 1e60), "sinc": (0.0, 1e3)}
"""Points where powers of the entries overflow or underflow, or pi x is rounded; also in the table."""


@functools.cache
def exact(name: str) -> Any:
    """f, f', f'' and f''' at all finite points, by differences with many digits; NaN if there is none."""
    f = ONE[name][1]
    return np.array([_differences(f, x) for x in FINITE]).T


def _differences(f: Any, point: float) -> list[float]:
    with mp.workdps(700 if abs(point) > 1e-30 else 1250):
        x = mp.mpf(point)
        h = (min(abs(x), mp.mpf(1)) if x else mp.mpf(1)) * mp.mpf(10) ** -60
        try:
            two_below, below, here, above, two_above = (f(x + n * h) for n in (-2, -1, 0, 1, 2))
        except (ValueError, ZeroDivisionError):
            return [np.nan] * 4
        third = (two_above - 2 * above + 2 * below - two_below) / (2 * h**3) if abs(x) > 1e-3 else 0
        return [_double(v) for v in (here, (above - below) / (2 * h), (above - 2 * here + below) / h**2, third)]


def _double(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return float(np.copysign(np.inf, mp.sign(value)))


def derivatives(name: str) -> list[Any]:
    f = ONE[name][0]
    return [f, lambda x: grad(f)(x), lambda x: hessian(f)(x)]


def check(name: str, found: Any, points: Any, expected: Any, tolerance: float, floor: float) -> None:
    """Compare value and derivatives at points with exact ones, which have one more order."""
    own, (low, high) = AT_KINKS.get(name, {}), WITHIN.get(name, (0.0, np.inf))
    largest = np.finfo(points.dtype).max
    checked, found = 0, found.astype(float)
    for i, x in enumerate(points.astype(float)):
        if x in own:
            np.testing.assert_equal(found[1:, i], own[x], err_msg=f"{name} at {x}")
            continue
        values = [np.copysign(np.inf, v) if abs(v) > largest else v for v in expected[:, i]]
        sizes = [abs(v) if np.isfinite(v) else 0.0 for v in expected[:, i]]
        if not (np.isfinite(values[0]) and np.isfinite(found[0, i])) or not low <= abs(x) <= high:
            continue  # there is no value, or that of NumPy overflows
        for order in range(3):
            if np.isnan(values[order]):
                continue  # an end of the domain
            scale = sum(sizes[k] / abs(x) ** (order - k) for k in range(order)) if abs(x) > 1 else 0.0
            allowed = tolerance * (sizes[order] + scale + abs(x) * sizes[order + 1]) + (floor if x else 1e-50)
            right = found[order, i] == values[order] or abs(found[order, i] - values[order]) <= allowed
            assert right, f"{name}, order {order} at {x}: {found[order, i]}, not {values[order]}"
            checked += 1
    assert checked >= 15, checked


@pytest.mark.parametrize("name", every(3, ONE))
@np.errstate(all="ignore")
def test_both_back_ends_against_mpmath(name):
    replayed, native = on_replay(derivatives(name), FINITE), on_native(derivatives(name), FINITE)
    check(name, replayed, FINITE, exact(name), 1e-12, 1e-290)
    check(name, native, FINITE, exact(name), 1e-12, 1e-290)
    assert np.array_equal(np.isnan(replayed), np.isnan(native))


@pytest.mark.parametrize("name", every(3, ONE, 1))
@np.errstate(all="ignore")
def test_float32_against_mpmath(name):
    expected = np.array([_differences(ONE[name][1], float(x)) for x in SINGLE]).T
    check(name, on_replay(derivatives(name), SINGLE), SINGLE, expected, 1e-5, 1e-25)


@pytest.mark.parametrize("name", every(3, ONE, 2))
def test_at_infinity_derivatives_are_limits_or_nan(name):
    ends = np.array([np.inf, -np.inf])
    found = on_replay(derivatives(name), ends)
    far = [_differences(ONE[name][1], sign * mp.mpf("1e250")) for sign in (1, -1)]
    for i, order in itertools.product(range(2), (1, 2)):
        limit = far[i][order]
        if np.isfinite(found[order, i]) and not np.isnan(limit):
            assert abs(found[order, i] - limit) <= 1e-12 * abs(limit) + 1e-100, (order, ends[i])


def test_every_operation_of_one_number_is_in_the_sweep():
    used = {node.op.name for f, _ in ONE.values() for node in trace(lambda x, f=f: grad(f)(x), 2.0).nodes}
    assert {op.name for op in OPS.values() if any(op.vjp) and op.kind in ("elementwise", "reduce")} <= used
