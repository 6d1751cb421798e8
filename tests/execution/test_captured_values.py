"""Functions of equal text are distinguished by the variables that they use."""

from __future__ import annotations

import array
import collections
import enum
import functools
import subprocess
import sys
import types
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

import optlab
from optlab import optimizer, problem
from optlab.execution.captured_values import digest_of

FACTOR = 1.0
TABLE = np.arange(3.0)


def scaled(factor):
    return lambda x: factor * x


def by_default(factor):
    def f(x, factor=factor):
        return factor * x

    return f


def by_keyword(factor):
    def f(x, *, factor=factor):
        return factor * x

    return f


def of_globals(**values):
    """A function of the same text in another namespace, like a cell of a notebook that is executed again."""
    namespace = {"np": np} | values
    exec("def f(x):\n    return np.sum(scale * x)\n", namespace)
    return namespace["f"]


class Rate:
    def __init__(self, value):
        self.value = value

    def __call__(self, x):
        return self.value * x

    def method(self, x):
        return self.value * x


@pytest.mark.parametrize(
    "make",
    [
        scaled,
        by_default,
        by_keyword,
        Rate,
        lambda v: Rate(v).method,
        lambda v: functools.partial(np.multiply, v),
        lambda v: functools.wraps(len)(scaled(v)),
        lambda v: of_globals(scale=v),
        lambda v: of_globals(scale=np.array([v, 1.0])),
        lambda v: of_globals(scale={"a": [v]}),
        lambda v: of_globals(scale={v}),
        lambda v: scaled(scaled(v)),
        lambda v: types.SimpleNamespace(a=v),
    ],
)
def test_functions_of_equal_text_differ_by_their_variables(make):
    assert digest_of(make(2.0)) == digest_of(make(2.0))
    assert digest_of(make(2.0)) != digest_of(make(3.0))
    assert digest_of(make(0.0)) != digest_of(make(-0.0))


def test_functions_with_different_code_differ_and_cycles_end():
    assert digest_of(lambda x: x + 1) != digest_of(lambda x: x + 2)
    assert digest_of(lambda x: np.sin(x)) != digest_of(lambda x: np.cos(x))
    around = [1.0]
    around.append(around)
    assert digest_of(around) == digest_of(around)

    def recursive(n):
        return recursive(n - 1) if n else FACTOR * TABLE

    assert digest_of(recursive) == digest_of(recursive)


def test_hashes_are_equal_in_another_process():
    text = "import numpy as np\nfrom optlab.execution.captured_values import digest_of\n"
    text += "a = {'x': {1, 'b', 2.5}, 'y': np.ones(2)}\n"
    text += "def f(x): return np.sum(a['y'] * x)\nprint(digest_of(f))"
    runs = [subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True) for _ in range(2)]
    assert runs[0].stdout == runs[1].stdout


def test_results_of_another_closure_are_not_reused(tmp_path, computed):
    """By hand: one step of x <- x - lr f'(x) from 1 on c x^2, with lr = r, leads to (1 - 2 c r)^2 c."""
    losses = []
    for c, r in ((1.0, 0.25), (2.0, 0.25), (2.0, 0.125), (2.0, 0.125)):
        f, rule = made(c, r)
        found = optlab.race({"name": rule}, on=f, steps=1, name="loop", out=tmp_path, plots=False)
        losses.append(found.runs["final_loss"][0])
    assert losses == [(1 - 2 * c * r) ** 2 * c for c, r in ((1.0, 0.25), (2.0, 0.25), (2.0, 0.125), (2.0, 0.125))]
    assert len(computed) == 3  # the last one was computed already


def made(c, r):
    @problem(start=(1.0,), dim=1)
    def f(x):
        return c * np.sum(x**2)

    @optimizer
    def rule(x, g):
        return x - r * g

    return f, rule


def _held(c):
    """Each way in which a function may refer to a value."""

    def deep(v):
        return c * v

    class Holds:
        factor = c

    class Inherits(Holds):
        pass

    class Computes:
        @property
        def factor(self):
            return c

    class Static:
        @staticmethod
        def factor():
            return c

    class Choice(enum.Enum):
        ONE = c

    @dataclass(frozen=True, slots=True)
    class Slotted:
        factor: float

    return {
        "a helper's helper": lambda v: deep(v),
        "a class": Holds,
        "a base class": Inherits(),
        "a property": Computes(),
        "a static method": Static,
        "an enum": Choice,
        "slots": Slotted(c),
        "a deque": collections.deque([c]),
        "a fraction": Fraction(c),
        "a decimal": Decimal(c),
        "an array of Python": array.array("d", [c]),
        "a series": pd.Series([c]),
        "a table": pd.DataFrame({"a": [c]}),
    }


@pytest.mark.parametrize("name", _held(1.0))
def test_a_captured_value_is_found_in_every_kind_of_reference(name):
    def within(c):
        held = _held(c)[name]
        return lambda g: (lambda v: (held, v))(g)

    assert digest_of(within(1.0)) == digest_of(within(1.0))
    assert digest_of(within(1.0)) != digest_of(within(0.5))


def test_temporary_values_with_equal_ids_are_distinguished():
    """Python reuses the ids of temporary lists, so that ids alone do not distinguish the values."""

    def nested(c, depth):
        return (lambda v: c * v) if depth == 0 else (lambda inner: lambda v: inner(v))(nested(c, depth - 1))

    digests = {digest_of(nested(c, depth)) for c in (1.0, 0.5, 0.25) for depth in range(12)}
    assert len(digests) == 36
