"""Every primitive: its value against NumPy, its derivative against torch and, where analytic, the complex step."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes

import optlab
from optlab.engine.functions.indexing import rows
from optlab.engine.graph import Var
from optlab.engine.ops import OPS
from optlab.engine.passes import optimise
from optlab.engine.replay import Input, compile
from optlab.engine.rules import emit
from optlab.engine.trace import trace
from optlab.engine.vjp import vjp

torch = pytest.importorskip("torch")

ANY, POSITIVE, LOW, HIGH = (-2.0, 2.0), (0.3, 3.0), (-1.5, -0.5), (0.5, 1.5)


@dataclass(frozen=True)
class Row:
    """An entry-by-entry operation: in NumPy, in torch, the interval of each operand, and as an analytic formula."""

    numpy: Callable[..., Any]
    torch: Callable[..., Any]
    domains: tuple[tuple[float, float], ...]
    formula: Callable[..., Any] | None = None


def same(name: str, *domains: tuple[float, float], analytic: bool = True) -> Row:
    numpy = getattr(np, name)
    return Row(numpy, getattr(torch, name), domains, numpy if analytic else None)


ELEMENTWISE = {
    "add": same("add", ANY, ANY),
    "subtract": same("subtract", ANY, ANY),
    "multiply": same("multiply", ANY, ANY),
    "divide": same("divide", ANY, POSITIVE),
    "remainder": same("remainder", ANY, POSITIVE, analytic=False),
    "negative": same("negative", ANY),
    "square": same("square", ANY),
    "reciprocal": same("reciprocal", POSITIVE),
    "sqrt": same("sqrt", POSITIVE),
    "power": Row(np.power, torch.pow, (POSITIVE, ANY), np.power),
    "absolute": same("absolute", ANY, analytic=False),
    "hypot": same("hypot", ANY, ANY, analytic=False),
    "exp": same("exp", ANY),
    "expm1": same("expm1", ANY),
    "log": same("log", POSITIVE),
    "log1p": same("log1p", POSITIVE),
    "sin": same("sin", ANY),
    "cos": same("cos", ANY),
    "tan": same("tan", (-1.2, 1.2)),
    "tanh": same("tanh", ANY),
    "sigmoid": Row(optlab.sigmoid, torch.sigmoid, (ANY,), lambda x: 1 / (1 + np.exp(-x))),
    "relu": Row(optlab.relu, torch.relu, (ANY,)),
    "maximum": same("maximum", ANY, ANY, analytic=False),
    "minimum": same("minimum", ANY, ANY, analytic=False),
    "clip": Row(np.clip, lambda x, a, b: torch.minimum(torch.maximum(x, a), b), (ANY, LOW, HIGH)),
    "where": Row(
        lambda c, a, b: np.where(c > 0, a, b), lambda c, a, b: torch.where(c > 0, a, b) + 0 * c, (ANY, ANY, ANY)
    ),
}

FLAT: dict[str, Callable[..., Any]] = {
    **{f.__name__: f for f in (np.sign, np.floor, np.ceil, np.isfinite, np.isnan)},
    "floor_divide": lambda a: a // 0.3,
    **{
        f.__name__: lambda a, f=f: f(a, 0.25)
        for f in (np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal)
    },
    **{f.__name__: lambda a, f=f: f(a > 0, a < 1) for f in (np.logical_and, np.logical_or, np.logical_xor)},
    "logical_not": lambda a: np.logical_not(a > 0),
}

Structured = tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any] | None, list[Any]]


def shape_of(rng: np.random.Generator, lowest: int = 1) -> tuple[int, ...]:
    return tuple(int(n) for n in rng.integers(1, 4, size=rng.integers(lowest, 4)))


def some_axes(rng: np.random.Generator, rank: int) -> tuple[int, ...]:
    return tuple(int(a) for a in rng.choice(rank, size=rng.integers(1, rank + 1), replace=False))


def reduction(numpy: Any, in_torch: Any, formula: Any = None) -> Callable[[np.random.Generator], Structured]:
    def case(rng: np.random.Generator) -> Structured:
        shape, keep = shape_of(rng), bool(rng.random() < 0.5)
        axis = some_axes(rng, len(shape))
        how = {"axis": axis, "keepdims": keep}
        analytic = (lambda x: formula(x, **how)) if formula else None
        return (lambda x: numpy(x, **how)), (lambda x: in_torch(x, axis, keep)), analytic, [shape]

    return case


def reshaping(rng: np.random.Generator) -> Structured:
    shape = shape_of(rng, 0)
    to = (-1, *(n for n in shape if rng.random() < 0.5))
    return (lambda x: np.reshape(x, to)), (lambda x: x.reshape(to)), (lambda x: np.reshape(x, to)), [shape]


def transposing(rng: np.random.Generator) -> Structured:
    shape = shape_of(rng, 0)
    axes = tuple(int(i) for i in rng.permutation(len(shape)))
    return (lambda x: np.transpose(x, axes)), (lambda x: x.permute(axes)), (lambda x: np.transpose(x, axes)), [shape]


def stretching(rng: np.random.Generator) -> Structured:
    shape = shape_of(rng, 0)
    to = (*shape_of(rng, 0), *(n if n > 1 else int(rng.integers(1, 4)) for n in shape))
    return (
        (lambda x: np.broadcast_to(x, to)),
        (lambda x: x.broadcast_to(to)),
        (lambda x: np.broadcast_to(x, to)),
        [shape],
    )


def indexing(rng: np.random.Generator) -> Structured:
    shape = shape_of(rng)
    options = [
        slice(None),
        slice(1, None),
        slice(None, -1),
        slice(None, None, 2),
        int(rng.integers(shape[0])),
        None,
        ...,
    ]
    index: Any = options[rng.integers(len(options))]
    if rng.random() < 0.5:
        index = (index, ...) if index is not ... else (..., 0)

    def f(x: Any) -> Any:
        return x[index]

    return f, f, f, [shape]


def joining(rng: np.random.Generator) -> Structured:
    shape = shape_of(rng)
    axis = int(rng.integers(len(shape)))
    other = (*shape[:axis], int(rng.integers(0, 4)), *shape[axis + 1 :])

    def f(a: Any, b: Any) -> Any:
        return np.concatenate([a, b, a], axis=axis)

    return f, (lambda a, b: torch.cat([a, b, a], axis)), f, [shape, other]


def picking(rng: np.random.Generator) -> Structured:
    shape = shape_of(rng)
    index = rng.integers(-shape[0], shape[0], size=shape_of(rng, 0))
    return (lambda x: x[index]), (lambda x: x[torch.tensor(index)]), (lambda x: x[index]), [shape]


def adding_at(rng: np.random.Generator) -> Structured:
    shape = shape_of(rng)
    index = rng.integers(4, size=shape[0])

    def formula(g: Any) -> Any:
        out = np.zeros((4, *shape[1:]), g.dtype)
        np.add.at(out, index, g)
        return out

    return (
        lambda g: emit("add_at", g, index, shape=(4, *shape[1:])),
        lambda g: torch.zeros(4, *shape[1:], dtype=g.dtype).index_add(0, torch.tensor(index), g),
        formula,
        [shape],
    )


def multiplying(rng: np.random.Generator) -> Structured:
    n, k, m, batch = (int(i) for i in rng.integers(1, 4, size=4))
    left = [(k,), (n, k), (batch, n, k), (1, n, k)][rng.integers(4)]
    right = [(k,), (k, m), (batch, k, m)][rng.integers(3)]
    return (lambda a, b: a @ b), (lambda a, b: a @ b), (lambda a, b: a @ b), [left, right]


STRUCTURED: dict[str, Callable[[np.random.Generator], Structured]] = {
    "sum": reduction(np.sum, torch.sum, np.sum),
    "max": reduction(np.max, torch.amax),
    "min": reduction(np.min, torch.amin),
    "logsumexp": reduction(optlab.logsumexp, torch.logsumexp, lambda x, **how: np.log(np.sum(np.exp(x), **how))),
    "reshape": reshaping,
    "transpose": transposing,
    "broadcast_to": stretching,
    "getitem": indexing,
    "place": joining,
    "take": picking,
    "add_at": adding_at,
    "matmul": multiplying,
}


def test_every_operation_has_a_test():
    composed = {"logsumexp"}  # of several operations, and as demanding as one
    assert {*ELEMENTWISE, *FLAT, *STRUCTURED, "astype", "detach"} - composed == set(OPS)


def test_a_detached_value_is_held_fixed():
    x = np.array([1.0, 2.0])
    value, gradient = optlab.value_and_grad(lambda x: np.sum(x * emit("detach", x)))(x)
    assert (value, gradient.tolist()) == (5.0, [1.0, 2.0])


# ---- the oracles -----------------------------------------------------------------------------------------------


def pullback(f: Any, inputs: Any, w: Any) -> list[Any]:
    """Value and vector-Jacobian products, from the engine."""
    graph = trace(f, *inputs)
    return optimise(vjp(graph, range(len(inputs))))(*inputs, w)


def torch_pullback(f: Any, inputs: Any, w: Any) -> list[Any]:
    leaves = [torch.tensor(x, requires_grad=True) for x in inputs]
    y = f(*leaves)
    gradients = torch.autograd.grad(y, leaves, torch.tensor(w), allow_unused=True, materialize_grads=True)
    return [y.detach().numpy(), *(g.numpy() for g in gradients)]


def sum_to(values: Any, shape: Any) -> Any:
    """Independent of the engine's: fold axis by axis."""
    while values.ndim > len(shape):
        values = values.sum(0)
    for i, n in enumerate(shape):
        if n == 1:
            values = values.sum(i, keepdims=True)
    return values


def close(ours: Any, expected: Any, tolerance: float, scale: Any) -> bool:
    return ours.shape == expected.shape and bool((np.abs(ours - expected) <= tolerance * scale).all())


def draw(rng: np.random.Generator, domains: Any, shapes: Any) -> list[Any]:
    return [np.asarray(rng.uniform(*d, size=s)) for d, s in zip(domains, shapes, strict=True)]


# ---- first order -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise_derivatives(name):
    row = ELEMENTWISE[name]
    count = len(row.domains)

    @settings(max_examples=100, deadline=None, derandomize=True, database=None)
    @given(mutually_broadcastable_shapes(num_shapes=count, max_dims=3, min_side=0, max_side=3), st.integers(0, 2**32))
    def check(shapes: Any, seed: int) -> None:
        rng = np.random.default_rng(seed)
        inputs = draw(rng, row.domains, shapes.input_shapes)
        w = np.asarray(rng.uniform(0.5, 1.5, size=shapes.result_shape))
        value, *ours = pullback(row.numpy, inputs, w)
        assert value.tobytes() == np.asarray(row.numpy(*inputs)).tobytes()
        _, *expected = torch_pullback(row.torch, inputs, w)
        full = [np.broadcast_to(x, w.shape).copy() for x in inputs]
        _, *terms = torch_pullback(row.torch, full, w)  # what broadcasting adds up
        for i, (a, b, term) in enumerate(zip(ours, expected, terms, strict=True)):
            scale = sum_to(np.abs(term), a.shape)
            assert close(a, b, 1e-13, scale)
            if row.formula:
                shifted = [x + 1e-30j if j == i else x + 0j for j, x in enumerate(full)]
                step = sum_to(w * row.formula(*shifted).imag / 1e-30, a.shape)
                assert close(a, step, 1e-12, scale)

    check()


@pytest.mark.parametrize("name", FLAT)
def test_flat_operations_have_zero_derivative(name):
    f, x = FLAT[name], np.array([-1.5, -0.2, 0.0, 0.25, 0.7, 2.0])
    value, gradient = pullback(lambda a: f(a) * 1.0, [x], np.ones(6))
    assert value.tolist() == (f(x) * 1.0).tolist()
    assert trace(f, x)(x)[0].dtype == f(x).dtype == trace(f, x).outputs[0].dtype
    assert gradient.tolist() == [0.0] * 6


@pytest.mark.parametrize("name", STRUCTURED)
def test_derivatives_of_reductions_shapes_and_products(name):
    for seed in range(100):
        rng = np.random.default_rng(seed)
        numpy, in_torch, formula, shapes = STRUCTURED[name](rng)
        inputs = draw(rng, [ANY] * len(shapes), shapes)
        w = rng.uniform(0.5, 1.5, size=trace(numpy, *inputs).outputs[0].shape)
        value, *ours = pullback(numpy, inputs, w)
        expected, *gradients = torch_pullback(in_torch, inputs, w)
        assert close(value, expected, 1e-13, 1 + np.abs(expected))
        for i, (a, b) in enumerate(zip(ours, gradients, strict=True)):
            assert close(a, b, 1e-13, 1 + np.abs(b))
            if formula:
                assert close(a, complex_step(formula, inputs, i, w), 1e-12, 1 + np.abs(b))


def complex_step(f: Any, inputs: Any, position: int, w: Any) -> Any:
    slopes = np.empty(inputs[position].shape)
    for entry in np.ndindex(slopes.shape):
        shifted = [x.astype(complex) for x in inputs]
        shifted[position][entry] += 1e-30j
        slopes[entry] = np.sum(w * f(*shifted).imag) / 1e-30
    return slopes


@pytest.mark.parametrize("name", ["multiply", "divide", "maximum"])
def test_every_pair_of_broadcastable_shapes_up_to_rank_three(name):
    row, rng = ELEMENTWISE[name], np.random.default_rng(0)
    shapes = [s for rank in range(4) for s in itertools.product((0, 1, 2), repeat=rank)]
    pairs = [
        p
        for p in itertools.product(shapes, shapes)
        if all(m == n or 1 in (m, n) for m, n in zip(p[0][::-1], p[1][::-1], strict=False))
    ]
    assert len(pairs) > 500
    for pair in pairs:
        inputs = draw(rng, row.domains, pair)
        w = rng.uniform(0.5, 1.5, size=np.broadcast_shapes(*pair))
        for a, b in zip(pullback(row.numpy, inputs, w), torch_pullback(row.torch, inputs, w), strict=True):
            assert close(a, b, 1e-13, 30 + np.abs(b)), pair


def test_sums_of_no_entries():
    value, gradient = pullback(lambda x: np.sum(x, axis=0), [np.ones((0, 3))], np.ones(3))
    assert (value.tolist(), gradient.shape) == ([0.0] * 3, (0, 3))


def test_astype_keeps_gradients_between_floats_and_stops_them_at_whole_numbers():
    x = np.array([1.25, -2.5])
    single, gradient = pullback(lambda x: x.astype(np.float32) * np.float32(3), [x], np.ones(2, np.float32))
    assert (single.dtype, gradient.dtype, gradient.tolist()) == (np.float32, np.float64, [3.0, 3.0])
    assert pullback(lambda x: x.astype(int) * 2.5, [x], np.ones(2))[1].tolist() == [0.0, 0.0]


def test_rows_gathers_at_a_traced_index():
    data, index = np.arange(12.0).reshape(4, 3), np.array([3, 0, -1])
    graph = trace(lambda i: rows(data, i), index)
    assert graph(index)[0].tolist() == data[index].tolist()
    program = compile(graph, [Input()], 2)
    program.inputs[0][...] = np.array([[3, 0], [0, 1], [-1, -4]])
    program.step()
    assert np.moveaxis(program.outputs[0], -1, 0).tolist() == [data[[3, 0, -1]].tolist(), data[[0, 1, -4]].tolist()]


# ---- second order ------------------------------------------------------------------------------------------------


def second_order(numpy: Any, in_torch: Any, inputs: Any, rng: np.random.Generator) -> None:
    """grad(sum(grad(f) v)) for every pair of arguments, against torch."""
    w = rng.uniform(0.5, 1.5, size=trace(numpy, *inputs).outputs[0].shape)
    for i, j in itertools.product(range(len(inputs)), repeat=2):
        v = rng.normal(size=inputs[i].shape)
        slope = optlab.grad(lambda *x: np.sum(w * numpy(*x)), i)
        ours = optlab.grad(lambda *x, slope=slope, v=v: np.sum(slope(*x) * v), j)(*inputs)
        leaves = [torch.tensor(x, requires_grad=True) for x in inputs]
        y = torch.sum(torch.tensor(w) * in_torch(*leaves))
        (first,) = torch.autograd.grad(y, leaves[i], create_graph=True, allow_unused=True, materialize_grads=True)
        h = torch.sum(first * torch.tensor(v)) + 0 * leaves[j].sum()
        (expected,) = torch.autograd.grad(h, leaves[j])
        assert close(ours, expected.numpy(), 1e-9, 1 + np.abs(expected.numpy()))


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_second_derivatives_of_elementwise_operations(name):
    row = ELEMENTWISE[name]
    for seed in range(5):
        rng = np.random.default_rng(seed)
        shapes = [[(3,), (2, 3), (2, 1)][rng.integers(3)] for _ in row.domains]
        second_order(row.numpy, row.torch, draw(rng, row.domains, shapes), rng)


@pytest.mark.parametrize("name", STRUCTURED)
def test_second_derivatives_of_the_square_of_the_others(name):
    for seed in range(5):
        rng = np.random.default_rng(seed)
        numpy, in_torch, _, shapes = STRUCTURED[name](rng)
        inputs = draw(rng, [ANY] * len(shapes), shapes)
        second_order(lambda *x, f=numpy: f(*x) ** 3, lambda *x, f=in_torch: f(*x) ** 3, inputs, rng)


# ---- the rows themselves -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name, op in OPS.items() if op.kind == "elementwise" and name != "astype"])
@pytest.mark.parametrize("kind", ["f8", "f4", "i8", "i4", "b1"])
def test_declared_types_are_those_that_numpy_returns(name, kind):
    op = OPS[name]
    if (name, kind) == ("relu", "b1"):
        return  # of a condition it means nothing
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
def test_reductions_of_whole_numbers_and_conditions_are_those_of_numpy(f, kind):
    if kind == "b1" and f is optlab.sigmoid:
        return
    x = np.array([1, 0, 1]).astype(kind)
    graph = trace(f, x)
    assert graph.outputs[0].dtype == graph(x)[0].dtype == f(x).dtype
    assert graph(x)[0].tolist() == f(x).tolist()


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
