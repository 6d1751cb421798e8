"""One LLVM rule per operation: the text of an operation on single numbers, for a vector of runs.

A rule gets the block to write to and the operands as text, and returns the text of its result. An operation without an
instruction is a call of the platform's vector mathematics if available, otherwise one call per lane.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np


class Block(Protocol):
    """The interface that rules write to. `numbers` and `conditions` are the types of a vector of runs."""

    numbers: str
    conditions: str

    def line(self, text: str) -> str:
        """Append an instruction and return the name of its result."""
        ...

    def intrinsic(self, name: str, *operands: str) -> str:
        """Call an instruction that LLVM writes as a function, `llvm.sqrt` for example."""
        ...

    def mathematics(self, name: str, *operands: str) -> str:
        """Call a function of the C library, by its name there."""
        ...


Rule = Callable[..., str]


def digits(value: float) -> str:
    """The exact hexadecimal digits of a number. LLVM writes float and double with the digits of a double."""
    return f"0x{struct.unpack('>Q', struct.pack('>d', value))[0]:016X}"


def literal(value: float, real: str = "double") -> str:
    """A number, the same in all lanes."""
    return f"splat ({real} {digits(value)})"


def truth(value: bool) -> str:
    return f"splat (i1 {str(value).lower()})"


ZERO, ONE, INFINITY, NAN = map(literal, (0.0, 1.0, np.inf, np.nan))


def select(b: Block, condition: str, yes: str, no: str) -> str:
    return b.line(f"select {b.conditions} {condition}, {b.numbers} {yes}, {b.numbers} {no}")


def compare(b: Block, how: str, x: str, y: str) -> str:
    return b.line(f"fcmp {how} {b.numbers} {x}, {y}")


def is_finite(b: Block, x: str) -> str:
    return compare(b, "olt", b.intrinsic("fabs", x), INFINITY)


def both(b: Block, x: str, y: str) -> str:
    return b.line(f"and {b.conditions} {x}, {y}")


def opposite(b: Block, x: str) -> str:
    return b.line(f"xor {b.conditions} {x}, {truth(True)}")


def _instruction(name: str) -> Rule:
    return lambda b, x, y: b.line(f"{name} {b.numbers} {x}, {y}")


def _comparison(how: str) -> Rule:
    return lambda b, x, y: compare(b, how, x, y)


def _logical(name: str) -> Rule:
    return lambda b, x, y: b.line(f"{name} {b.conditions} {x}, {y}")


def _intrinsic(name: str) -> Rule:
    return lambda b, *operands: b.intrinsic(name, *operands)


def _mathematics(name: str) -> Rule:
    return lambda b, *operands: b.mathematics(name, *operands)


def _negative(b: Block, x: str) -> str:
    return b.line(f"fneg {b.numbers} {x}")


def _extremum(how: str) -> Rule:
    """Maximum or minimum. As in NumPy, the result is NaN if an operand is NaN."""

    def rule(b: Block, x: str, y: str) -> str:
        first = b.line(f"or {b.conditions} {compare(b, how, x, y)}, {compare(b, 'uno', x, x)}")
        return select(b, first, x, y)

    return rule


_maximum, _minimum = _extremum("oge"), _extremum("ole")


def _sign(b: Block, x: str) -> str:
    other = select(b, compare(b, "oeq", x, ZERO), ZERO, x)  # a NaN stays one
    below = select(b, compare(b, "olt", x, ZERO), literal(-1.0), other)
    return select(b, compare(b, "ogt", x, ZERO), ONE, below)


def _heaviside(b: Block, x: str, at_zero: str) -> str:
    other = select(b, compare(b, "oeq", x, ZERO), at_zero, x)
    below = select(b, compare(b, "olt", x, ZERO), ZERO, other)
    return select(b, compare(b, "ogt", x, ZERO), ONE, below)


def _signbit(b: Block, x: str) -> str:
    return compare(b, "olt", b.intrinsic("copysign", ONE, x), ZERO)


def _power(b: Block, x: str, p: str) -> str:
    """`pow` of the C library, with the special cases of NumPy for exponents of 2, 1/2 and -1."""
    y = b.mathematics("pow", x, p)
    y = select(b, compare(b, "oeq", p, literal(2.0)), b.line(f"fmul {b.numbers} {x}, {x}"), y)
    y = select(b, compare(b, "oeq", p, literal(0.5)), b.intrinsic("sqrt", x), y)
    return select(b, compare(b, "oeq", p, literal(-1.0)), b.line(f"fdiv {b.numbers} {ONE}, {x}"), y)


def _sigmoid(b: Block, x: str) -> str:
    """1 / (1 + exp(-x))"""
    above = b.line(f"fadd {b.numbers} {b.mathematics('exp', _negative(b, x))}, {ONE}")
    return b.line(f"fdiv {b.numbers} {ONE}, {above}")


def _slope_of_sigmoid(b: Block, y: str, x: str) -> str:
    return b.line(f"fmul {b.numbers} {y}, {_sigmoid(b, _negative(b, x))}")


def _one_minus_square(b: Block, x: str) -> str:
    below = b.line(f"fsub {b.numbers} {ONE}, {x}")
    return b.line(f"fmul {b.numbers} {below}, {b.line(f'fadd {b.numbers} {ONE}, {x}')}")


def _over_cosh_square(b: Block, a: str, c: str, x: str) -> str:
    return b.line(f"fdiv {b.numbers} {a}, {b.line(f'fmul {b.numbers} {c}, {c}')}")


def _sinc(b: Block, x: str) -> str:
    y = b.line(f"fmul {b.numbers} {x}, {literal(np.pi)}")
    quotient = b.line(f"fdiv {b.numbers} {b.mathematics('sin', y)}, {y}")
    return select(b, compare(b, "oeq", y, ZERO), ONE, quotient)


def _gap(b: Block, x: str, y: str) -> str:
    return select(b, compare(b, "oeq", x, y), ZERO, b.line(f"fsub {b.numbers} {x}, {y}"))


def _logaddexp(b: Block, x: str, y: str) -> str:
    """max(x, y) + log(1 + exp(-|x - y|)). x = y is a separate case, as infinity - infinity is NaN."""
    difference = b.intrinsic("fabs", b.line(f"fsub {b.numbers} {x}, {y}"))
    more = b.mathematics("log1p", b.mathematics("exp", _negative(b, difference)))
    usual = b.line(f"fadd {b.numbers} {_maximum(b, x, y)}, {more}")
    return select(b, compare(b, "oeq", x, y), b.line(f"fadd {b.numbers} {x}, {literal(float(np.log(2.0)))}"), usual)


def _division(b: Block, x: str, y: str) -> tuple[str, str]:
    """Quotient and remainder of x and y, rounded down, as NumPy computes them."""
    rest = b.line(f"frem {b.numbers} {x}, {y}")
    quotient = b.line(f"fdiv {b.numbers} {b.line(f'fsub {b.numbers} {x}, {rest}')}, {y}")
    some = compare(b, "une", rest, ZERO)
    signs = b.line(f"xor {b.conditions} {compare(b, 'olt', y, ZERO)}, {compare(b, 'olt', rest, ZERO)}")
    turned = both(b, some, signs)
    quotient = select(b, turned, b.line(f"fsub {b.numbers} {quotient}, {ONE}"), quotient)
    rest = select(b, turned, b.line(f"fadd {b.numbers} {rest}, {y}"), rest)
    rest = select(b, some, rest, b.intrinsic("copysign", ZERO, y))
    down = b.intrinsic("floor", quotient)
    short = compare(b, "ogt", b.line(f"fsub {b.numbers} {quotient}, {down}"), literal(0.5))
    down = select(b, short, b.line(f"fadd {b.numbers} {down}, {ONE}"), down)
    exact = b.line(f"fdiv {b.numbers} {x}, {y}")
    down = select(b, compare(b, "une", quotient, ZERO), down, b.intrinsic("copysign", ZERO, exact))
    by_zero = compare(b, "oeq", y, ZERO)
    return select(b, by_zero, exact, down), select(b, by_zero, NAN, rest)


RULES: Mapping[str, Rule] = {
    # arithmetic
    "add": _instruction("fadd"),
    "subtract": _instruction("fsub"),
    "multiply": _instruction("fmul"),
    "divide": _instruction("fdiv"),
    "fma": _intrinsic("fma"),
    "fms": lambda b, x, y, z: b.intrinsic("fma", x, y, _negative(b, z)),
    "fnma": lambda b, x, y, z: b.intrinsic("fma", _negative(b, x), y, z),
    "negative": _negative,
    "absolute": _intrinsic("fabs"),
    "sqrt": _intrinsic("sqrt"),
    "power": _power,
    "remainder": lambda b, x, y: _division(b, x, y)[1],
    "floor_divide": lambda b, x, y: _division(b, x, y)[0],
    "fmod": _instruction("frem"),
    # functions of the C library
    **{name: _mathematics(name) for name in ["cbrt", "hypot", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p"]},
    **{name: _mathematics(name) for name in ["sin", "cos", "tan", "sinh", "cosh", "tanh"]},
    **{f"arc{name}": _mathematics(f"a{name}") for name in ["sin", "cos", "tan", "tan2", "sinh", "cosh", "tanh"]},
    "sigmoid": _sigmoid,
    "logaddexp": _logaddexp,
    "slope_of_sigmoid": _slope_of_sigmoid,
    "one_minus_square": _one_minus_square,
    "over_cosh_square": _over_cosh_square,
    "sinc": _sinc,
    "gap": _gap,
    "positive_zero": lambda b, x: b.line(f"fadd {b.numbers} {x}, {ZERO}"),
    # choices
    "maximum": _maximum,
    "minimum": _minimum,
    "relu": lambda b, x: _maximum(b, x, ZERO),
    "clip": lambda b, x, low, high: _minimum(b, _maximum(b, x, low), high),
    "where": select,
    "sign": _sign,
    "heaviside": _heaviside,
    "signbit": _signbit,
    **{name: _intrinsic(name) for name in ["floor", "ceil", "rint", "trunc"]},
    # conditions
    "isfinite": is_finite,
    "isinf": lambda b, x: compare(b, "oeq", b.intrinsic("fabs", x), INFINITY),
    "isnan": lambda b, x: compare(b, "uno", x, x),
    "less": _comparison("olt"),
    "less_equal": _comparison("ole"),
    "greater": _comparison("ogt"),
    "greater_equal": _comparison("oge"),
    "equal": _comparison("oeq"),
    "not_equal": _comparison("une"),
    "logical_and": _logical("and"),
    "logical_or": _logical("or"),
    "logical_xor": _logical("xor"),
    "logical_not": opposite,
}
"""The rules by operation. Operations without a rule are removed by simplification, or executed by replay."""
