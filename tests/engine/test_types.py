"""The dtypes of values and derivatives are those of NumPy; float32 inputs give float32 everywhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import optlab
from optlab.engine.nodes import Var
from optlab.engine.ops import OPS
from optlab.engine.trace import trace
from tests.engine.operations import ELEMENTWISE, plain_inputs
from tests.engine.oracles import assert_close, jacobians
from tests.engine.structures import STRUCTURED, tamed


@pytest.mark.parametrize("name", [name for name, op in OPS.items() if op.kind == "elementwise" and name != "astype"])
@pytest.mark.parametrize("kind", ["f8", "f4", "i8", "i4", "b1"])
def test_declared_types_are_those_that_numpy_returns(name, kind):
    op = OPS[name]
    if (name, kind) == ("relu", "b1"):
        return  # it has no meaning for a boolean
    count = len(op.vjp)
    values = [np.ones(2, kind)] * count
    if name == "where":
        values[0] = np.ones(2, bool)
    try:
        with np.errstate(all="ignore"):
            result = op.run(*values)
    except TypeError:
        return  # NumPy does not do this either
    assert op.infer(*(Var(v.shape, v.dtype) for v in values)) == (result.shape, result.dtype)


@pytest.mark.parametrize("kind", ["f8", "f4", "i8", "i4", "u1", "b1"])
@pytest.mark.parametrize(
    "f", [np.sum, np.max, np.min, np.mean, optlab.logsumexp, optlab.sigmoid], ids=lambda f: f.__name__
)
def test_reductions_of_integers_and_booleans_have_the_dtypes_of_numpy(f, kind):
    if kind == "b1" and f is optlab.sigmoid:
        return
    x = np.array([1, 0, 1]).astype(kind)
    graph = trace(f, x)
    assert graph.outputs[0].dtype == graph(x)[0].dtype == f(x).dtype
    assert graph(x)[0].tolist() == f(x).tolist()


def test_astype_passes_gradients_between_floats_and_stops_them_at_integers():
    x = np.array([1.25, -2.5])
    single, (jacobian,) = jacobians(lambda x: x.astype(np.float32) * np.float32(3), [x])
    assert (single.dtype, jacobian.dtype, jacobian.tolist()) == (np.float32, np.float64, [[3.0, 0.0], [0.0, 3.0]])
    assert not jacobians(lambda x: x.astype(int) * 2.5, [x])[1][0].any()


# ---- float32 -------------------------------------------------------------------------------------------------------


def check_in_single(key: str, f: Any, inputs: Any, by_entry: bool) -> None:
    """Compare relative to each entry, or to the largest entry for sums."""
    single = [x.astype(np.float32) for x in inputs]
    value, ours = jacobians(f, single)
    reference, expected = jacobians(f, [x.astype(np.float64) for x in single])
    for a, b in zip([value, *ours], [reference, *expected], strict=True):
        assert a.dtype == np.float32
        scale = np.maximum(np.abs(b), 1e-37) if by_entry else np.max(np.abs(b), initial=1e-37)
        assert_close(a, b, 2e-6, scale, key)


@pytest.mark.parametrize("key", ELEMENTWISE)
def test_elementwise_operations_in_single_precision(key):
    row = ELEMENTWISE[key]
    for seed in range(10):
        rng = np.random.default_rng(seed)
        shapes = [[(3,), (2, 1), (1,), ()][rng.integers(4)] for _ in row.plain]
        check_in_single(key, row.numpy, plain_inputs(row, rng, shapes), by_entry=True)


@pytest.mark.parametrize("key", STRUCTURED)
def test_reductions_shapes_and_matrices_in_single_precision(key):
    for seed in range(20):
        case = STRUCTURED[key](np.random.default_rng(seed))
        check_in_single(key, case.numpy, [tamed(x) for x in case.inputs], by_entry=False)
