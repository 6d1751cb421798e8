"""One row per elementwise operation: in NumPy, in torch, as a formula in mpmath, and the tested domain.

A key is the name of the operation, perhaps with a remark about the domain after a comma.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mpmath as mp
import numpy as np

import optlab
from optlab.engine.functions.base import apply
from tests.engine.oracles import torch

PLUS, MINUS = (1.0,), (-1.0,)

Domain = Callable[[np.random.Generator, int], Any]


def scaled(low: float, high: float, signs: tuple[float, ...] = (-1.0, 1.0)) -> Domain:
    """Numbers of any order of magnitude between 10^low and 10^high."""
    return lambda rng, n: rng.choice(signs, n) * 10.0 ** rng.uniform(low, high, n)


def between(low: float, high: float) -> Domain:
    return lambda rng, n: rng.uniform(low, high, n)


def near(point: float, *sides: float) -> Domain:
    """Numbers near a point, down to a distance of a rounding error, on these sides of it."""
    return lambda rng, n: point + rng.choice(sides, n) * 10.0 ** rng.uniform(-15.5, -1, n)


def mixed(*domains: Domain) -> Domain:
    """Every entry from one of the domains."""

    def draw(rng: np.random.Generator, n: int) -> Any:
        return np.choose(rng.integers(len(domains), size=n), [d(rng, n) for d in domains])

    return draw


def whole(low: int, high: int) -> Domain:
    return lambda rng, n: rng.integers(low, high + 1, n).astype(float)


@dataclass(frozen=True)
class Row:
    """`domains` are as ill-scaled as the function allows, and held against mpmath. In `plain` ones torch is accurate:
    elsewhere its own derivatives lose digits (1 - tanh^2 in the tails, 1 - x^2 next to 1), or overflow."""

    numpy: Callable[..., Any]
    torch: Callable[..., Any]
    exact: Callable[..., Any]
    domains: tuple[Domain, ...]
    plain: tuple[Domain, ...]
    smooth: tuple[int, ...] = (0, 1, 2)
    """The operands with respect to which there is a derivative."""


ANY, POSITIVE, UNIT = between(-2.0, 2.0), between(0.3, 3.0), between(-0.9, 0.9)
WIDE, WIDE_POSITIVE = mixed(scaled(-150, 150), ANY), mixed(scaled(-150, 150, PLUS), POSITIVE)
TAILS = mixed(between(-300, 300), scaled(-150, 2), ANY)
INSIDE = mixed(near(1.0, -1.0), near(-1.0, 1.0), scaled(-150, -1), UNIT)
ABOVE_ONE = mixed(scaled(1, 150, PLUS), near(1.0, 1.0), between(1.1, 3))
ABOVE_MINUS_ONE = mixed(WIDE_POSITIVE, near(-1.0, 1.0), scaled(-150, -1))
TO_ONE = mixed(WIDE_POSITIVE, near(1.0, -1.0, 1.0))
LN2 = mp.log(2)


def real(x: Any) -> Any:
    return x.real if isinstance(x, mp.mpc) else x


def row(name: str, exact: Callable[..., Any], domains: Any, plain: Any, in_torch: Any = None) -> Row:
    return Row(getattr(np, name), in_torch or getattr(torch, name), exact, domains, plain)


def _power(x: Any, p: Any) -> Any:
    return x**p


def _truncated(q: Any) -> Any:
    return mp.sign(q) * mp.floor(abs(q))


def _modulus(x: Any, y: Any, quotient: Callable[[Any], Any]) -> Any:
    return x - y * quotient(real(x) / real(y))


def _turn(a: Any, b: Any) -> Any:
    """The angle up to a constant, which has no derivative; of a ratio below 1."""
    return mp.atan(a / b) if abs(a) < abs(b) else -mp.atan(b / a)


def _logarithm_of_sum(a: Any, b: Any) -> Any:
    return mp.log(mp.exp(a) + mp.exp(b))


ELEMENTWISE: dict[str, Row] = {
    "add": row("add", lambda a, b: a + b, (WIDE, WIDE), (ANY, ANY)),
    "subtract": row("subtract", lambda a, b: a - b, (WIDE, WIDE), (ANY, ANY)),
    "multiply": row("multiply", lambda a, b: a * b, (WIDE, WIDE), (ANY, ANY)),
    "divide": row("divide", lambda a, b: a / b, (scaled(-100, 100), scaled(-100, 100)), (ANY, POSITIVE)),
    "remainder": row("remainder", lambda a, b: _modulus(a, b, mp.floor), (WIDE, WIDE), (ANY, POSITIVE)),
    "fmod": row("fmod", lambda a, b: _modulus(a, b, _truncated), (WIDE, WIDE), (ANY, POSITIVE)),
    "negative": row("negative", lambda x: -x, (WIDE,), (ANY,)),
    "square": row("square", lambda x: x * x, (WIDE,), (ANY,)),
    "reciprocal": row("reciprocal", lambda x: 1 / x, (WIDE,), (POSITIVE,)),
    "sqrt": row("sqrt", mp.sqrt, (WIDE_POSITIVE,), (POSITIVE,)),
    "cbrt": row(
        "cbrt",
        lambda x: mp.cbrt(x) if real(x) > 0 else -mp.cbrt(-x),
        (WIDE,),
        (POSITIVE,),
        lambda x: x ** (1 / 3),
    ),
    "power": row(
        "power",
        _power,
        (mixed(scaled(-3, 3, PLUS), POSITIVE), mixed(between(-90, 90), ANY)),
        (POSITIVE, ANY),
        torch.pow,
    ),
    "power, ill-scaled bases": row(
        "power", _power, (scaled(-150, 150, PLUS), between(-1, 2)), (POSITIVE, ANY), torch.pow
    ),
    "power, huge exponents": row(
        "power",
        _power,
        (lambda rng, n: 1 + rng.choice([-1, 1], n) * 10.0 ** rng.uniform(-15, -6, n), scaled(2, 8)),
        (between(0.9, 1.1), between(20, 40)),
        torch.pow,
    ),
    "power, tiny exponents": row(
        "power", _power, (WIDE_POSITIVE, scaled(-150, -1)), (POSITIVE, between(0.01, 0.1)), torch.pow
    ),
    "power, negative bases": Row(
        np.power,
        torch.pow,
        lambda x, p: x ** int(p),
        (mixed(scaled(-20, 20, MINUS), between(-2, -0.3)), whole(-6, 6)),
        (between(-2, -0.3), whole(1, 4)),
        smooth=(0,),
    ),
    "absolute": row("absolute", lambda x: x if real(x) > 0 else -x, (WIDE,), (ANY,)),
    "hypot": row("hypot", lambda a, b: mp.sqrt(a * a + b * b), (WIDE, WIDE), (ANY, ANY)),
    "exp": row("exp", mp.exp, (mixed(between(-700, 700), TAILS),), (ANY,)),
    "exp2": row("exp2", lambda x: mp.exp(LN2 * x), (mixed(between(-1000, 1000), TAILS),), (ANY,)),
    "expm1": row("expm1", lambda x: mp.exp(x) - 1, (mixed(between(-700, 700), TAILS),), (ANY,)),
    "log": row("log", mp.log, (TO_ONE,), (POSITIVE,)),
    "log2": row("log2", lambda x: mp.log(x) / LN2, (TO_ONE,), (POSITIVE,)),
    "log10": row("log10", lambda x: mp.log(x) / mp.log(10), (TO_ONE,), (POSITIVE,)),
    "log1p": row("log1p", lambda x: mp.log(1 + x), (ABOVE_MINUS_ONE,), (POSITIVE,)),
    "logaddexp": row("logaddexp", _logarithm_of_sum, (TAILS, TAILS), (ANY, ANY)),
    "sigmoid": Row(optlab.sigmoid, torch.sigmoid, lambda x: 1 / (1 + mp.exp(-x)), (TAILS,), (ANY,)),
    "sin": row("sin", mp.sin, (mixed(scaled(-150, 5), ANY, near(np.pi / 2, -1.0, 1.0)),), (between(-1.5, 1.5),)),
    "cos": row("cos", mp.cos, (mixed(scaled(-150, 5), ANY, near(np.pi, -1.0, 1.0)),), (ANY,)),
    "tan": row("tan", mp.tan, (mixed(scaled(-150, 5), ANY, near(np.pi / 2, -1.0, 1.0)),), (between(-1.2, 1.2),)),
    "arcsin": row("arcsin", mp.asin, (INSIDE,), (UNIT,)),
    "arccos": row("arccos", mp.acos, (INSIDE,), (UNIT,)),
    "arctan": row("arctan", lambda x: _turn(x, mp.mpf(1)), (WIDE,), (ANY,)),
    "arctan2": row("arctan2", _turn, (WIDE, WIDE), (ANY, ANY)),
    "sinh": row("sinh", mp.sinh, (mixed(between(-700, 700), TAILS),), (ANY,)),
    "cosh": row("cosh", mp.cosh, (mixed(between(-700, 700), TAILS),), (between(0.3, 2.0),)),
    "tanh": row("tanh", mp.tanh, (TAILS,), (ANY,)),
    "arcsinh": row("arcsinh", mp.asinh, (WIDE,), (ANY,)),
    "arccosh": row("arccosh", mp.acosh, (ABOVE_ONE,), (between(1.1, 3),)),
    "arctanh": row("arctanh", mp.atanh, (INSIDE,), (UNIT,)),
    "relu": Row(optlab.relu, torch.relu, lambda x: x if real(x) > 0 else mp.mpf(0), (WIDE,), (ANY,)),
    "maximum": row("maximum", lambda a, b: a if real(a) > real(b) else b, (WIDE, WIDE), (ANY, ANY)),
    "minimum": row("minimum", lambda a, b: a if real(a) < real(b) else b, (WIDE, WIDE), (ANY, ANY)),
    "clip": Row(
        np.clip,
        lambda x, a, b: torch.minimum(torch.maximum(x, a), b),
        lambda x, a, b: a if real(x) < real(a) else b if real(x) > real(b) else x,
        (WIDE, scaled(-150, 150, MINUS), scaled(-150, 150, PLUS)),
        (ANY, between(-1.5, -0.5), between(0.5, 1.5)),
    ),
    "where": Row(
        lambda c, a, b: np.where(c > 0, a, b),
        lambda c, a, b: torch.where(c > 0, a, b) + 0 * c,
        lambda c, a, b: a if real(c) > 0 else b,
        (WIDE, WIDE, WIDE),
        (ANY, ANY, ANY),
    ),
    "sinc": Row(
        np.sinc,
        torch.sinc,
        lambda x: mp.sin(mp.pi * x) / (mp.pi * x),
        (mixed(scaled(-150, -0.5), between(-1.1, 1.1), between(-9, 9)),),
        (between(0.1, 2.0),),
    ),
    "slope_of_sigmoid": Row(
        lambda x: apply("slope_of_sigmoid", optlab.sigmoid(x), x),
        lambda x: torch.sigmoid(x) * torch.sigmoid(-x),
        lambda x: 1 / (1 + mp.exp(-x)) / (1 + mp.exp(x)),
        (TAILS,),
        (ANY,),
    ),
    "one_minus_square": Row(
        lambda x: apply("one_minus_square", x), lambda x: 1 - x * x, lambda x: 1 - x * x, (WIDE,), (ANY,)
    ),
    "over_cosh_square": Row(
        lambda a, x: apply("over_cosh_square", a, np.cosh(x), x),
        lambda a, x: a / torch.cosh(x) ** 2,
        lambda a, x: a / mp.cosh(x) ** 2,
        (ANY, between(-300, 300)),
        (ANY, ANY),
    ),
    "gap": Row(lambda a, b: apply("gap", a, b), lambda a, b: a - b, lambda a, b: a - b, (WIDE, WIDE), (ANY, ANY)),
    "positive_zero": Row(lambda x: apply("positive_zero", x), lambda x: +x, lambda x: x, (WIDE,), (ANY,)),
    "nan_slope": Row(
        lambda c, x: apply("nan_slope", c, x, np.False_),
        lambda c, x: c + 0 * x,
        lambda c, x: c,
        (WIDE, WIDE),
        (ANY, ANY),
    ),
    "masked_gradient": Row(lambda x: apply("masked_gradient", x, np.True_), lambda x: +x, lambda x: x, (WIDE,), (ANY,)),
    "undefined_curvature": Row(
        lambda x: apply("undefined_curvature", x), lambda x: 0 * x, lambda x: 0 * x, (WIDE,), (ANY,)
    ),
    "astype": Row(
        lambda x: x.astype(np.float32),
        lambda x: x.to(torch.float32),
        lambda x: x,
        (between(-2.0, 2.0),),
        (ANY,),
    ),
}

FLAT: dict[str, Callable[..., Any]] = {
    **{f.__name__: f for f in (np.sign, np.floor, np.ceil, np.rint, np.trunc)},
    **{f.__name__: f for f in (np.isfinite, np.isinf, np.isnan, np.signbit)},
    "floor_divide": lambda a: a // 0.3,
    "heaviside": lambda a: np.heaviside(a, 0.25),
    "argsort": np.argsort,
    **{
        f.__name__: lambda a, f=f: f(a, 0.25)
        for f in (np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal)
    },
    **{f.__name__: lambda a, f=f: f(a > 0, a < 1) for f in (np.logical_and, np.logical_or, np.logical_xor)},
    "logical_not": lambda a: np.logical_not(a > 0),
}
"""Operations whose derivative is 0 wherever it exists."""


def operation(key: str) -> str:
    """The operation of a key of a table."""
    return key.partition(",")[0]


def plain_inputs(row: Row, rng: np.random.Generator, shapes: Any) -> list[Any]:
    return _drawn(row.plain, rng, shapes)


def ill_scaled_inputs(row: Row, rng: np.random.Generator, shapes: Any) -> list[Any]:
    return _drawn(row.domains, rng, shapes)


def _drawn(domains: tuple[Domain, ...], rng: np.random.Generator, shapes: Any) -> list[Any]:
    return [np.asarray(d(rng, int(np.prod(s)))).reshape(s) for d, s in zip(domains, shapes, strict=True)]
