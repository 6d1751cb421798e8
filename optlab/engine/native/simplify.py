"""Simplifications of expressions, applied before an expression is added.

They change no bit except the sign of a zero. The exceptions are division by reciprocals and powers by products, which
may change the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

LARGEST_POWER = 64
"""Integer powers up to this one become products."""


class ExpressionWriter(Protocol):
    """What the simplifications use of the builder of expressions (`ir.ExpressionBuilder`)."""

    ops: list[str]
    args: list[tuple[int, ...]]
    values: dict[int, float]
    settled: Sequence[bool]
    counter: int | None

    def is_array(self, i: int) -> bool: ...
    def constant(self, value: float) -> int: ...
    def apply(self, op: str, *args: int) -> int: ...


def _is(writer: ExpressionWriter, i: int, value: float) -> bool:
    return writer.values.get(i) == value


def _add(w: ExpressionWriter, a: int, b: int) -> int | None:
    return b if _is(w, a, 0) else a if _is(w, b, 0) else None


def _subtract(w: ExpressionWriter, a: int, b: int) -> int | None:
    return a if _is(w, b, 0) else None


def _multiply(w: ExpressionWriter, a: int, b: int) -> int | None:
    for factor, other in ((a, b), (b, a)):
        if _is(w, factor, 1):
            return other
        if _is(w, factor, -1):
            return w.apply("negative", other)
    return None


def _divide(w: ExpressionWriter, a: int, b: int) -> int | None:
    """Replace a division by a constant, a number or a function of the step number by a product with its reciprocal.

    Such a reciprocal is computed outside the loop over the runs.
    """
    if _is(w, b, 1):
        return a
    if (w.settled[b] or _follows_the_step(w, b)) and not _is(w, a, 1):
        return w.apply("multiply", a, w.apply("divide", w.constant(1.0), b))
    return None


def _follows_the_step(w: ExpressionWriter, i: int) -> bool:
    """Whether an expression depends on nothing that changes except the step number."""
    todo, seen = [i], set[int]()
    while todo:
        i = todo.pop()
        if i in seen or w.settled[i] or i == w.counter:
            continue
        if w.ops[i] in ("input", "load"):
            return False
        seen.add(i)
        todo.extend(w.args[i])
    return True


def _negative(w: ExpressionWriter, a: int) -> int | None:
    return w.args[a][0] if w.ops[a] == "negative" else None


def _power(w: ExpressionWriter, a: int, p: int) -> int | None:
    """Square roots, products for small integer exponents, and running products for the step number as exponent."""
    exponent = w.values.get(p)
    if exponent == 0.5:
        return w.apply("sqrt", a)
    if exponent is not None and exponent == round(exponent) and abs(exponent) <= LARGEST_POWER:
        power = _product(w, a, abs(int(exponent)))
        return power if exponent >= 0 else w.apply("divide", w.constant(1.0), power)
    return w.apply("running", a) if p == w.counter and w.settled[a] and not w.is_array(a) else None


def _product(w: ExpressionWriter, a: int, power: int) -> int:
    if power < 2:
        return a if power else w.constant(1.0)
    half = _product(w, a, power // 2)
    square = w.apply("multiply", half, half)
    return w.apply("multiply", square, a) if power % 2 else square


def _where(w: ExpressionWriter, c: int, a: int, b: int) -> int | None:
    if c in w.values:
        return a if w.values[c] else b
    return a if a == b else None


SIMPLER: Mapping[str, Callable[..., int | None]] = {
    "add": _add,
    "subtract": _subtract,
    "multiply": _multiply,
    "divide": _divide,
    "negative": _negative,
    "power": _power,
    "where": _where,
    "square": lambda w, a: w.apply("multiply", a, a),
    "reciprocal": lambda w, a: w.apply("divide", w.constant(1.0), a),
    "detach": lambda w, a: a,
    "tie_mark": lambda w, x, y, otherwise: x,
    "nan_slope": lambda w, c, x, at: c,
    "masked_gradient": lambda w, x, mask: x,
    "undefined_curvature": lambda w, x: w.constant(0.0),
    "zero_slope": lambda w, g, x: w.constant(0.0),
}
