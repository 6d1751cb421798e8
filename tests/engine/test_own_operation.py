"""An operation defined outside the package works like those of the table."""

from __future__ import annotations

import numpy as np
import pytest

from optlab import grad, trace
from optlab.engine.derivatives import gradient_graph
from optlab.engine.functions.base import apply
from optlab.engine.op_kinds import elementwise
from optlab.engine.ops import OPS
from optlab.engine.replay import RUN, UNIFORM, Input, compile
from tests.engine.oracles import assert_close, curvatures, jacobians, torch, torch_curvatures, torch_jacobians

SOFTSIGN = elementwise(
    "softsign",
    lambda x: x / (1 + np.abs(x)),
    lambda g, y, x: g / np.square(1 + np.abs(x)),
)
XLOGY = elementwise(
    "xlogy",
    lambda x, y: np.where(x == 0, 0.0, x * np.log(y)),
    lambda g, value, x, y: g * np.log(y),
    lambda g, value, x, y: g * x / y,
)


def softsign(x):
    return apply(SOFTSIGN, x)


def xlogy(x, y):
    return apply(XLOGY, x, y)


x = np.array([[-3.0, -0.25], [0.5, 20.0]])
y = np.array([0.5, 2.0])


def test_it_works_on_plain_arrays_and_prints():
    assert softsign(x).tolist() == (x / (1 + np.abs(x))).tolist()
    assert "= softsign(x)" in str(trace(softsign, x))
    assert "softsign" not in OPS


@pytest.mark.parametrize(
    ("ours", "theirs", "inputs"),
    [
        (softsign, torch.nn.functional.softsign, [x]),
        (xlogy, torch.xlogy, [np.abs(x), y]),
        (xlogy, torch.xlogy, [y, 3.0]),
    ],
)
def test_its_derivatives(ours, theirs, inputs):
    inputs = [np.asarray(v) for v in inputs]
    for a, b in zip(jacobians(ours, inputs)[1], torch_jacobians(theirs, inputs)[1], strict=True):
        assert_close(a, b, 1e-14)
    w, v = np.ones(np.broadcast_shapes(*map(np.shape, inputs))), [np.full(np.shape(i), 0.5) for i in inputs]
    for a, b in zip(curvatures(ours, inputs, w, v), torch_curvatures(theirs, inputs, w, v), strict=True):
        assert_close(a, b, 1e-9, max(np.max(np.abs(b)), 1.0))


def test_its_infinite_slope_has_no_effect_under_a_mask():
    f = lambda y: np.sum(np.where(y > 0, xlogy(y, y), 0.0))  # noqa: E731
    assert grad(f)(np.array([0.0, 1.0])).tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("given", "result"), [(np.float32, np.float32), (np.int64, np.float64), (np.float64, np.float64)]
)
def test_its_declared_dtypes_are_those_it_computes(given, result):
    graph = trace(softsign, x.astype(given))
    assert graph.outputs[0].dtype == graph(x.astype(given))[0].dtype == result
    if given is np.float32:
        assert grad(lambda x: np.sum(softsign(x)))(x.astype(given)).dtype == result


def test_it_is_replayed_over_several_runs():
    """In reused memory, its result is never stored where its input is still needed."""
    graph = gradient_graph(
        trace(lambda x, y: np.sum(xlogy(1 + softsign(x * x), y) * softsign(softsign(x))), x, y), (0, 1)
    )
    data = np.random.default_rng(0).uniform(0.5, 2, (2, 2, 5))
    program = compile(graph, [Input(RUN), Input(UNIFORM)], 5)
    program.inputs[0][...], program.inputs[1][...] = data, y
    program.prepare()
    for _ in range(2):
        program.step()
        for run in range(5):
            for mine, reference in zip(program.outputs, graph(data[..., run], y), strict=True):
                assert_close(mine[..., run], reference, 1e-14, 10)
