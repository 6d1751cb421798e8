"""Every primitive: its value against NumPy, and its whole Jacobian against torch and complex steps in 400 digits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes

import optlab
from optlab.engine.functions.indexing import rows
from optlab.engine.ops import OPS
from optlab.engine.replay import Input, compile
from optlab.engine.trace import trace
from optlab.engine.vjp import vjp
from optlab.engine.vjp_rules import emit
from tests.cases import first_cases
from tests.engine.operations import ELEMENTWISE, FLAT, Row, ill_scaled_inputs, operation, plain_inputs
from tests.engine.oracles import assert_close, exact_jacobians, jacobians, laid_out, slope, torch_jacobians
from tests.engine.structures import STRUCTURED

more_examples = pytest.mark.parametrize("examples", first_cases(1, [10, 100]))
seeds = st.integers(0, 2**32)


def test_every_operation_has_a_test():
    assert {operation(key) for key in (*ELEMENTWISE, *FLAT, *STRUCTURED)} | {"detach", "tie_mark", "zero_slope"} == set(
        OPS
    )


def test_a_detached_value_is_held_fixed():
    x = np.array([1.0, 2.0])
    value, gradient = optlab.value_and_grad(lambda x: np.sum(x * emit("detach", x)))(x)
    assert (value, gradient.tolist()) == (5.0, [1.0, 2.0])


def test_derivatives_of_tie_mark_and_zero_slope():
    x = np.array([1.0, 0.0])
    compared = trace(lambda x: np.sum(x * emit("tie_mark", x, 1.0, -1.0)), x)
    assert [out.tolist() for out in vjp(compared, (0,))(x, 1.0)] == [1.0, [1.0, 0.0]]
    slopes = optlab.grad(lambda g, x: np.sum(x + emit("zero_slope", g, x)), (0, 1))(np.array([2.0, np.inf]), x)
    np.testing.assert_array_equal(slopes, [[0.0, 0.0], [1.0, np.nan]])


# ---- entry by entry ----------------------------------------------------------------------------------------------


def some_shapes(count: int) -> Any:
    """Shapes that broadcast; one case in four may be of arrays without entries."""
    filled, any_ = (mutually_broadcastable_shapes(num_shapes=count, max_dims=2, min_side=n, max_side=3) for n in (1, 0))
    return st.one_of(filled, filled, filled, any_)


@more_examples
@pytest.mark.parametrize("key", ELEMENTWISE)
def test_jacobians_of_ill_scaled_values_against_complex_steps(key, examples):
    row = ELEMENTWISE[key]

    @settings(max_examples=examples, deadline=None, derandomize=True, database=None)
    @given(some_shapes(len(row.domains)), seeds)
    def check(shapes: Any, seed: int) -> None:
        rng = np.random.default_rng(seed)
        inputs = [laid_out(x, rng) for x in ill_scaled_inputs(row, rng, shapes.input_shapes)]
        value, ours = jacobians(row.numpy, inputs)
        with np.errstate(all="ignore"):
            assert value.tobytes() == np.asarray(row.numpy(*inputs)).tobytes()
        for position, jacobian in enumerate(ours):
            if position in row.smooth:
                assert_close(jacobian, elementwise_jacobian(row, inputs, position), 1e-12, note=inputs)

    check()


def elementwise_jacobian(row: Row, inputs: Any, position: int) -> Any:
    """Zero, except where an entry of the result depends on an entry of the input."""
    full = np.broadcast_arrays(*inputs)
    numbers = np.arange(np.size(inputs[position])).reshape(np.shape(inputs[position]))
    sources = np.broadcast_to(numbers, full[0].shape)
    jacobian = np.zeros((*full[0].shape, numbers.size))
    for at in np.ndindex(full[0].shape):
        jacobian[(*at, sources[at])] = slope(row.exact, [x[at] for x in full], position)
    return jacobian.reshape(full[0].shape + numbers.shape)


@more_examples
@pytest.mark.parametrize("key", ELEMENTWISE)
def test_jacobians_against_torch(key, examples):
    row = ELEMENTWISE[key]

    @settings(max_examples=examples, deadline=None, derandomize=True, database=None)
    @given(some_shapes(len(row.plain)), seeds)
    def check(shapes: Any, seed: int) -> None:
        rng = np.random.default_rng(seed)
        inputs = [laid_out(x, rng) for x in plain_inputs(row, rng, shapes.input_shapes)]
        _, ours = jacobians(row.numpy, inputs)
        _, expected = torch_jacobians(row.torch, inputs)
        for position, (a, b) in enumerate(zip(ours, expected, strict=True)):
            if position in row.smooth:
                assert_close(a, b, 1e-13, note=inputs)

    check()


@pytest.mark.parametrize("key", FLAT)
def test_flat_operations_have_zero_derivative(key):
    f, x = FLAT[key], np.array([-1.5, -0.2, 0.0, 0.25, 0.7, 2.0])
    value, (jacobian,) = jacobians(lambda a: f(a) * 1.0, [x])
    assert value.tolist() == (f(x) * 1.0).tolist()
    assert trace(f, x)(x)[0].dtype == f(x).dtype == trace(f, x).outputs[0].dtype
    assert jacobian.tolist() == np.zeros((6, 6)).tolist()


# ---- on shapes, indices and matrices -------------------------------------------------------------------------------


@more_examples
@pytest.mark.parametrize("key", STRUCTURED)
def test_jacobians_of_reductions_shapes_and_matrices(key, examples):
    @settings(max_examples=examples, deadline=None, derandomize=True, database=None)
    @given(seeds)
    def check(seed: int) -> None:
        rng = np.random.default_rng(seed)
        case = STRUCTURED[key](rng)
        inputs = [laid_out(x, rng) for x in case.inputs]
        value, ours = jacobians(case.numpy, inputs)
        expected, by_torch = torch_jacobians(case.torch, inputs)
        by_steps = exact_jacobians(case.exact, inputs)
        assert value.shape == expected.shape
        scales = case.scales or [None] * len(inputs)
        for a, b, c, scale in zip(ours, by_torch, by_steps, scales, strict=True):
            assert_close(a, b, 1e-13, scale, inputs)
            assert_close(a, c, 1e-12, scale, inputs)

    check()


def test_sums_of_no_entries():
    value, (jacobian,) = jacobians(lambda x: np.sum(x, axis=0), [np.ones((0, 3))])
    assert (value.tolist(), jacobian.shape) == ([0.0] * 3, (3, 0, 3))


def test_rows_at_a_traced_index():
    data, index = np.arange(12.0).reshape(4, 3), np.array([3, 0, -1])
    graph = trace(lambda i: rows(data, i), index)
    assert graph(index)[0].tolist() == data[index].tolist()
    program = compile(graph, [Input()], 2)
    program.inputs[0][...] = np.array([[3, 0], [0, 1], [-1, -4]])
    program.step()
    assert np.moveaxis(program.outputs[0], -1, 0).tolist() == [data[[3, 0, -1]].tolist(), data[[0, 1, -4]].tolist()]


# ---- extremes --------------------------------------------------------------------------------------------------------


def test_logsumexp_of_extremes():
    x = np.array([[1000.0, 1000.0], [-1000.0, -1001.0], [-np.inf, -np.inf], [-np.inf, 3.0]])
    expected = [1000 + np.log(2), -1000 + np.log1p(np.exp(-1)), -np.inf, 3.0]
    assert optlab.logsumexp(x, axis=1).tolist() == pytest.approx(expected, rel=1e-15)
    gradient = optlab.grad(lambda x: np.sum(optlab.logsumexp(x, axis=1)))(x[[0, 1, 3]])
    e = np.exp(-1)
    assert gradient.ravel().tolist() == pytest.approx([0.5, 0.5, 1 / (1 + e), e / (1 + e), 0, 1], rel=1e-13)


def test_sigmoid_at_both_ends():
    assert optlab.sigmoid(np.array([-1000.0, 1000.0, -np.inf, np.inf])).tolist() == [0.0, 1.0, 0.0, 1.0]
    assert optlab.grad(lambda x: np.sum(optlab.sigmoid(x)))(np.array([-1000.0, 1000.0])).tolist() == [0.0, 0.0]
