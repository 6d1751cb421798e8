"""The LLVM rule of each operation against NumPy, on ordinary, extreme and special numbers."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from optlab.engine.graph import Graph
from optlab.engine.native import compilation, jit
from optlab.engine.native.llvm_rules import RULES
from optlab.engine.native.machine import Machine
from optlab.engine.native.sorting import BY_ORDER
from optlab.engine.ops import OPS
from optlab.engine.replay import RUN, Input
from optlab.engine.tracer import Builder

SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, 3.0, -2.5, 7.0, 1e-300, -1e-300, 5e-324, 1e300, -1e300]
SPECIAL += [np.inf, -np.inf, np.nan, 0.1, -0.7, 1.5, 19.3, -6.0, 709.0, -745.0, 1e-9, 1.0 + 2**-52]

SIMPLIFIED = {"square": "a product", "reciprocal": "a quotient", "detach": "nothing", "astype": "nothing"}
SIMPLIFIED |= {
    "tie_mark": "its first operand",
    "nan_slope": "its first operand",
    "masked_gradient": "its first operand",
    "undefined_curvature": "0",
    "zero_slope": "0",
}
"""Replaced by other operations before the rules are used."""
LEFT_TO_REPLAY = {"solve", "det", "cofactors", "cholesky"}
STRUCTURAL = {"sum", "max", "min", "matmul", "place", "take", "add_at"}
STRUCTURAL |= {"reshape", "transpose", "broadcast_to", "getitem"}
INTERNAL = {"fma", "fms", "fnma"}


def test_every_operation_has_a_rule_or_a_reason():
    assert set(OPS) - set(RULES) == SIMPLIFIED.keys() | LEFT_TO_REPLAY | STRUCTURAL | BY_ORDER.keys()
    assert set(RULES) - set(OPS) == INTERNAL


def applied(op, *columns):
    """The operation by the native back end, for each run."""
    builder = Builder()
    inputs = [builder.input((), np.float64) for _ in columns]
    conditions = op.startswith("logical")
    operands = [x > 0 for x in inputs] if conditions else inputs
    if op == "where":
        operands[0] = inputs[0] > 0
    result = builder.emit(op, operands, {})
    result = np.where(result, 1.0, 0.0) if result.dtype == bool else result
    graph = builder.finish([inputs[0] * 0.0, result, *inputs[1:]])
    kernel = compilation.compile(graph, [Input(RUN, carry=n + 1) for n in range(len(columns))])
    none = np.empty(0)
    done = kernel.run(np.stack(columns), none, none.reshape(0, len(columns[0])), 1, np.array([1]))
    return done.carried[0]


def expected(op, *columns):
    operands = [c > 0 for c in columns] if op.startswith("logical") else list(columns)
    if op == "where":
        operands[0] = columns[0] > 0
    with np.errstate(all="ignore"):
        return np.asarray(OPS[op].run(*operands)).astype(float)


@pytest.mark.parametrize("op", sorted(set(RULES) - INTERNAL))
def test_rules_agree_with_numpy(op):
    arity = len(OPS[op].vjp)
    rng = np.random.default_rng(len(op))
    special = list(itertools.product(SPECIAL, repeat=min(arity, 2)))
    columns = np.array([s if arity < 3 else (*s, s[0]) for s in special]).T
    ordinary = rng.normal(size=(arity, 200)) * 10.0 ** rng.integers(-3, 4, size=(arity, 200))
    columns = np.concatenate([columns.reshape(arity, -1), ordinary], axis=1)
    found, right = applied(op, *columns), expected(op, *columns)
    exact = op not in jit._OF_ONE + jit._OF_TWO and not op.startswith("arc")
    if op in ("power", "sigmoid", "logaddexp", "sinc", "slope_of_sigmoid") or not exact:
        cancels = 2e-16 if op == "logaddexp" else 1e-307
        np.testing.assert_allclose(found, right, rtol=4e-15, atol=cancels)
    else:
        np.testing.assert_array_equal(found, right)


def test_an_inexact_vector_function_is_computed_for_each_lane(monkeypatch):
    usual = jit.this_machine()
    if not {"sin", "cos"} <= usual.vectors.keys():
        pytest.skip("this machine has no vector mathematics")
    swapped = {"sin": usual.vectors["cos"]}
    monkeypatch.setattr(compilation, "this_machine", lambda: Machine(usual.width, usual.fma, swapped))
    x = np.linspace(-3, 3, 21)
    np.testing.assert_allclose(applied("sin", x), np.sin(x), rtol=4e-15)


@pytest.mark.parametrize("op", ["exp", "arctan2", "power", "tanh"])
def test_without_vector_mathematics_and_without_fma(op, monkeypatch):
    plain = Machine(2, False, {})
    monkeypatch.setattr(compilation, "this_machine", lambda: plain)
    columns = np.random.default_rng(0).uniform(0.1, 3, size=(len(OPS[op].vjp), 13))
    np.testing.assert_allclose(applied(op, *columns), expected(op, *columns), rtol=4e-15)


def test_the_graph_of_these_tests_is_a_step_graph():
    assert isinstance(Builder().finish([np.float64(1.0)]), Graph)
