"""Every function of the catalogue as a function of one number, in NumPy and in mpmath, and the points of the sweep."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np

import optlab
from optlab.engine.functions.base import apply

LARGEST = float(np.finfo(float).max)

_SIZES = [5e-324, 1e-310, 1e-300, 1e-200, 1e-155, 1e-100, 1e-20, 1e-8, 1e-4, 0.1, 0.5, 1 - 2**-53, 1.0, 1 + 2**-52]
_SIZES += [1.5, np.pi / 2, 3.0, 10.0, 37.0, 360.0, 709.0, 745.5, 1100.0, 1e5, 1e8, 1e16, 1e100, 1e154, 1e200, 1e300]
POINTS = np.array([0.0, -0.0, *_SIZES, *(-v for v in _SIZES), LARGEST, -LARGEST, np.inf, -np.inf])


def _three(x: Any) -> list[Any]:
    """The entries of the vector for functions of arrays."""
    return [x, mp.mpf(1.5), mp.mpf(-2)]


def of_three(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: f(np.stack([x, np.full_like(x, 1.5), np.full_like(x, -2.0)]))


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + mp.exp(-x))


def _cbrt(x: Any) -> Any:
    return mp.sign(x) * mp.cbrt(abs(x))


def _log(x: Any) -> Any:
    return mp.log(x) if x > 0 else mp.nan


def _root(x: Any, p: Any = 0.5) -> Any:
    return mp.power(x, mp.mpf(p)) if x > 0 else mp.nan


def _within(f: Callable[[Any], Any], low: float, high: float) -> Callable[[Any], Any]:
    return lambda x: f(x) if low <= x <= high else mp.nan


def _norm(v: list[Any], p: Any) -> Any:
    return mp.power(mp.fsum(mp.power(abs(a), p) for a in v), 1 / mp.mpf(p))


def _variance(v: list[Any]) -> Any:
    mean = mp.fsum(v) / len(v)
    return mp.fsum((a - mean) ** 2 for a in v) / len(v)


_LN2 = mp.log(2)

ONE: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "absolute": (np.abs, abs),
    "add": (lambda x: x + 2.5, lambda x: x + 2.5),
    "arccos": (np.arccos, _within(mp.acos, -1, 1)),
    "arccosh": (np.arccosh, _within(mp.acosh, 1, mp.inf)),
    "arcsin": (np.arcsin, _within(mp.asin, -1, 1)),
    "arcsinh": (np.arcsinh, mp.asinh),
    "arctan": (np.arctan, mp.atan),
    "arctan2": (lambda x: np.arctan2(x, 2.0), lambda x: mp.atan2(x, 2)),
    "arctan2, of the other": (lambda x: np.arctan2(2.0, x), lambda x: mp.atan2(2, x)),
    "arctanh": (np.arctanh, _within(mp.atanh, -1, 1)),
    "cbrt": (np.cbrt, _cbrt),
    "clip": (lambda x: np.clip(x, -1.25, 2.25), lambda x: min(max(x, mp.mpf(-1.25)), mp.mpf(2.25))),
    "cos": (np.cos, mp.cos),
    "cosh": (np.cosh, mp.cosh),
    "deg2rad": (np.deg2rad, mp.radians),
    "degrees": (np.degrees, mp.degrees),
    "divide": (lambda x: x / 3.0, lambda x: x / 3),
    "divide, by it": (lambda x: 3.0 / x, lambda x: 3 / x),
    "exp": (np.exp, mp.exp),
    "exp2": (np.exp2, lambda x: mp.exp(_LN2 * x)),
    "expm1": (np.expm1, lambda x: mp.exp(x) - 1),
    "float_power": (lambda x: np.float_power(x, 3), lambda x: x**3),
    "hypot": (lambda x: np.hypot(x, 1.5), lambda x: mp.sqrt(x * x + 2.25)),
    "log": (np.log, _log),
    "log10": (np.log10, lambda x: _log(x) / mp.log(10)),
    "log1p": (np.log1p, lambda x: _log(1 + x)),
    "log2": (np.log2, lambda x: _log(x) / _LN2),
    "logaddexp": (lambda x: np.logaddexp(x, 1.5), lambda x: mp.log(mp.exp(x) + mp.exp(1.5))),
    "logaddexp2": (lambda x: np.logaddexp2(x, 1.5), lambda x: mp.log(mp.exp(_LN2 * x) + mp.exp(_LN2 * 1.5)) / _LN2),
    "maximum": (lambda x: np.maximum(x, 0.25) * x, lambda x: max(x, 0.25) * x),
    "minimum": (lambda x: np.minimum(x, 0.25) * x, lambda x: min(x, 0.25) * x),
    "multiply": (lambda x: 3.0 * x, lambda x: 3 * x),
    "negative": (np.negative, lambda x: -x),
    "power, 0": (lambda x: x**0, lambda x: mp.mpf(1)),
    "power, 1/2": (lambda x: x**0.5, _root),
    "power, 0.3": (lambda x: x**0.3, lambda x: _root(x, 0.3)),
    "power, 1.5": (lambda x: x**1.5, lambda x: _root(x, 1.5)),
    "power, 2": (lambda x: x**2, lambda x: x**2),
    "power, 2 as a number of its own": (lambda x: np.power(x, 2 + 0 * np.sign(x)), lambda x: x**2),
    "power, 3": (lambda x: x**3, lambda x: x**3),
    "power, 4": (lambda x: x**4, lambda x: x**4),
    "power, 5": (lambda x: x**5, lambda x: x**5),
    "power, -1": (lambda x: x**-1.0, lambda x: 1 / x),
    "power, -2": (lambda x: x**-2.0, lambda x: x**-2),
    "power, of 2": (lambda x: np.power(2.0, x), lambda x: mp.exp(_LN2 * x)),
    "power, of 1/2": (lambda x: np.power(0.5, x), lambda x: mp.exp(-_LN2 * x)),
    "reciprocal": (np.reciprocal, lambda x: 1 / x),
    "relu": (lambda x: optlab.relu(x) * x, lambda x: max(x, mp.mpf(0)) * x),
    "remainder": (lambda x: np.remainder(x, 3.0), lambda x: x - 3 * mp.floor(x / 3)),
    "fmod": (lambda x: np.fmod(x, 3.0), lambda x: x - 3 * mp.sign(x) * mp.floor(abs(x) / 3)),
    "sigmoid": (optlab.sigmoid, _sigmoid),
    "sign": (lambda x: np.sign(x) * x**2, lambda x: mp.sign(x) * x**2),
    "sin": (np.sin, mp.sin),
    "sinc": (np.sinc, lambda x: mp.sin(mp.pi * x) / (mp.pi * x) if x else mp.mpf(1)),
    "sinh": (np.sinh, mp.sinh),
    "softplus": (optlab.softplus, lambda x: mp.log(1 + mp.exp(x))),
    "sqrt": (np.sqrt, _root),
    "square": (np.square, lambda x: x * x),
    "subtract": (lambda x: 2.5 - x, lambda x: 2.5 - x),
    "tan": (np.tan, mp.tan),
    "tanh": (np.tanh, mp.tanh),
    "where": (lambda x: np.where(x > 0.25, x**2, 3 * x), lambda x: x**2 if x > 0.25 else 3 * x),
    "astype": (lambda x: x.astype(np.float64) ** 2, lambda x: x * x),
    "gap": (lambda x: apply("gap", x, 2.5), lambda x: x - 2.5),
    "positive_zero": (lambda x: apply("positive_zero", x), lambda x: x),
    # functions of several numbers
    "sum": (of_three(np.sum), lambda x: mp.fsum(_three(x))),
    "mean": (of_three(np.mean), lambda x: mp.fsum(_three(x)) / 3),
    "prod": (of_three(np.prod), lambda x: -3 * x),
    "prod, squared": (of_three(lambda v: np.prod(v * v[0])), lambda x: -3 * x**4),
    "cumprod": (of_three(lambda v: np.cumprod(v * v)[1]), lambda x: 2.25 * x * x),
    "cumsum": (of_three(lambda v: np.cumsum(v * v)[1]), lambda x: x * x + 2.25),
    "max": (of_three(lambda v: np.max(v) ** 2), lambda x: max(_three(x)) ** 2),
    "min": (of_three(lambda v: np.min(v) ** 2), lambda x: min(_three(x)) ** 2),
    "ptp": (of_three(np.ptp), lambda x: max(_three(x)) - min(_three(x))),
    "var": (of_three(np.var), lambda x: _variance(_three(x))),
    "std": (of_three(np.std), lambda x: mp.sqrt(_variance(_three(x)))),
    "norm": (of_three(np.linalg.norm), lambda x: _norm(_three(x), 2)),
    "norm, 1": (of_three(lambda v: np.linalg.norm(v, 1)), lambda x: _norm(_three(x), 1)),
    "norm, 3": (of_three(lambda v: np.linalg.norm(v, 3)), lambda x: _norm(_three(x), 3)),
    "norm, -1": (of_three(lambda v: np.linalg.norm(v, -1)), lambda x: _norm(_three(x), -1) if x else mp.mpf(0)),
    "norm, inf": (of_three(lambda v: np.linalg.norm(v, np.inf)), lambda x: max(map(abs, _three(x)))),
    "logsumexp": (of_three(optlab.logsumexp), lambda x: mp.log(mp.fsum(map(mp.exp, _three(x))))),
    "softmax": (
        of_three(lambda v: optlab.softmax(v)[0]),
        lambda x: mp.exp(x) / mp.fsum(map(mp.exp, _three(x))),
    ),
    "log of softmax": (
        of_three(lambda v: v[1] - optlab.logsumexp(v)),
        lambda x: mp.mpf(1.5) - mp.log(mp.fsum(map(mp.exp, _three(x)))),
    ),
    "average": (of_three(lambda v: np.average(v, weights=np.array([1.0, 2.0, 3.0]))), lambda x: (x - 3) / 6),
    "polyval": (lambda x: np.polyval(np.array([1.0, -2.0, 3.0]), x), lambda x: (x - 2) * x + 3),
    "matmul": (of_three(lambda v: v @ v), lambda x: x * x + 6.25),
    "outer": (of_three(lambda v: np.outer(v, v)[0, 1]), lambda x: 1.5 * x),
    "einsum": (of_three(lambda v: np.einsum("i,i->", v, v)), lambda x: x * x + 6.25),
    "diff": (of_three(lambda v: np.diff(v, 2)[0]), lambda x: x - 5),
}
"""Functions of one number: in NumPy, and exact, with NaN outside their domain."""
