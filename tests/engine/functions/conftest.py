"""The checks of a function: a case is (in NumPy, in torch, shapes of the inputs).

A module's `CASES` holds several cases for each function, method or operator of the table. Its test has the fixtures
`case`, which takes each of them in turn, and `check`, which makes all checks that apply.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest

from optlab.engine.functions import FUNCTIONS
from optlab.engine.graph import Graph
from optlab.engine.passes import optimise
from optlab.engine.replay import RUN, SHARED, Input, compile
from optlab.engine.trace import trace
from optlab.engine.vjp import vjp
from optlab.errors import TraceError

with contextlib.suppress(ImportError):  # the modules that need it are skipped without it
    import torch

Case = tuple[Callable[..., Any], Callable[..., Any], list[Any]]


def pytest_generate_tests(metafunc: Any) -> None:
    if "case" in metafunc.fixturenames:
        rows = [(key, i, case) for key, cases in metafunc.module.CASES.items() for i, case in enumerate(cases)]
        names = [f"{getattr(key, '__name__', key)} {i}" for key, i, _ in rows]
        metafunc.parametrize(("key", "case"), [(key, case) for key, _, case in rows], ids=names)


@pytest.fixture(name="check")
def _check(key: Any, monkeypatch: Any) -> Callable[[Case], None]:
    def check(case: Case) -> None:
        calls = []
        if key in FUNCTIONS:
            row = FUNCTIONS[key]
            monkeypatch.setitem(FUNCTIONS, key, lambda *a, **k: calls.append(1) or row(*a, **k))
        numpy, in_torch, shapes = case
        inputs = draw(shapes)
        check_value_and_gradient(numpy, in_torch, inputs)
        check_second_derivative(numpy, in_torch, inputs)
        assert calls or key not in FUNCTIONS, "the case does not use the function it stands for"
        check_types(numpy, inputs)
        check_company(numpy, inputs)
        check_mixed_company(numpy, inputs)

    return check


@pytest.fixture(name="company", scope="module")
def _company() -> Callable[..., None]:
    return check_company


def draw(shapes: Iterable[Any], seed: int = 0) -> list[Any]:
    rng = np.random.default_rng(seed)
    return [np.asarray(rng.normal(size=s)) for s in shapes]


def quietly(f: Callable[..., Any], *args: Any) -> Any:
    """Without the warnings of NumPy, which a graph does not give: for 0 / 0, and means of no entries."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return f(*args)


def close(ours: Any, theirs: Any, tolerance: float) -> bool:
    """Equal up to a tolerance relative to the largest entry; NaN equals NaN."""
    ours, theirs = np.asarray(ours, dtype=float), np.asarray(theirs, dtype=float)
    finite = np.abs(theirs[np.isfinite(theirs)]).max(initial=1.0)
    return np.allclose(ours, theirs, rtol=0, atol=tolerance * finite, equal_nan=True)


def check_value_and_gradient(numpy: Any, in_torch: Any, inputs: list[Any]) -> None:
    plain = np.asarray(quietly(numpy, *inputs))
    graph = trace(numpy, *inputs)
    assert graph.outputs[0].shape == plain.shape
    w = np.random.default_rng(1).uniform(0.5, 1.5, size=plain.shape)
    leaves = [torch.tensor(x, requires_grad=True) for x in inputs]
    y = in_torch(*leaves)
    value, *gradients = optimise(vjp(graph, range(len(inputs))))(*inputs, w)
    assert close(value, plain, 1e-15)
    assert close(value, y.detach().numpy(), 1e-13)
    for ours, theirs in zip(gradients, torch_gradients(y, leaves, w), strict=True):
        assert ours.shape == theirs.shape
        assert close(ours, theirs, 1e-13)


def torch_gradients(y: Any, leaves: list[Any], w: Any) -> list[Any]:
    return [g.detach().numpy(force=True) for g in torch_products(y, leaves, torch.tensor(w))]


def torch_products(y: Any, leaves: list[Any], w: Any) -> list[Any]:
    """The vector-Jacobian products, as tensors that can be differentiated again; 0 for leaves without effect."""
    if not y.requires_grad:
        return [torch.zeros_like(x) for x in leaves]
    products = torch.autograd.grad(y, leaves, w, create_graph=True, allow_unused=True)
    return [torch.zeros_like(x) if g is None else g for x, g in zip(leaves, products, strict=True)]


def check_second_derivative(numpy: Any, in_torch: Any, inputs: list[Any]) -> None:
    """The derivative of the gradient along a direction."""
    graph, count = trace(numpy, *inputs), len(inputs)
    value = graph(*inputs)[0]
    if value.dtype.kind != "f" or not np.isfinite(value).all():
        return
    w = np.ones(value.shape)
    both = vjp(graph, range(count))
    gradients = Graph(both.inputs, both.nodes, both.outputs[1:], both.constants)
    along = draw([x.shape for x in inputs], seed=3)
    second = vjp(gradients, range(count))(*inputs, w, *along)[count:]
    leaves = [torch.tensor(x, requires_grad=True) for x in inputs]
    products = torch_products(in_torch(*leaves), leaves, torch.tensor(w))
    slope = sum((g * torch.tensor(v)).sum() for g, v in zip(products, along, strict=True))
    for ours, theirs in zip(second, torch_products(slope, leaves, None), strict=True):
        assert close(ours, theirs.detach().numpy(force=True), 1e-12)


SCALES = {"f4": 1, "i8": 100, "i4": 100, "u1": 10, "b1": 10}


def check_types(numpy: Any, inputs: list[Any]) -> None:
    """Every dtype gives the dtype and value of NumPy, or an error if NumPy raises one."""
    for dtype, scale in SCALES.items():
        typed = [(np.abs(x) if dtype == "u1" else x) * scale for x in inputs]
        typed = [np.asarray(x).astype(dtype) for x in typed]
        try:
            plain = np.asarray(quietly(numpy, *typed))
        except (TypeError, ValueError, OverflowError):
            with contextlib.suppress(TraceError):
                quietly(trace, numpy, *typed)
            continue
        if plain.dtype == np.float16:  # the float dtypes that NumPy uses for booleans and small integers
            continue
        graph = quietly(trace, numpy, *typed)
        (value,) = graph(*typed)
        assert value.dtype == graph.outputs[0].dtype == plain.dtype, dtype
        assert close(value, plain, 1e-5 if plain.dtype == np.float32 else 1e-15), dtype
        if dtype == "f4":
            check_single_precision(graph, typed, inputs)


def check_single_precision(graph: Graph, typed: list[Any], inputs: list[Any]) -> None:
    w = np.ones(graph.outputs[0].shape, graph.outputs[0].dtype)
    if w.dtype == np.float32:
        for gradient in vjp(graph, range(len(inputs)))(*typed, w)[1:]:
            assert gradient.dtype == np.float32


# ---- many runs at once ----------------------------------------------------------------------------------------------

ORDERED = {"sum", "matmul", "add_at", "add_along", "place"}
"""Operations that sum, in an order that depends on the number of runs."""


def check_company(numpy: Any, inputs: list[Any]) -> None:
    """The value and the gradient of 1, 3 and 8 runs have the same bits as the graph called for each run."""
    graph = trace(numpy, *inputs)
    both = optimise(vjp(graph, range(len(inputs)))) if graph.outputs[0].dtype.kind == "f" else optimise(graph)
    rng = np.random.default_rng(2)
    data = [rng.normal(size=(*v.shape, 8)).astype(v.dtype) for v in both.inputs]
    with np.errstate(all="ignore"):
        together = replayed(both, data, 8)
        assert bits(replayed(both, data, 1)) == bits(a[..., :1] for a in together)
        assert bits(replayed(both, data, 3)) == bits(a[..., :3] for a in together)
    exact = not any(node.op.name in ORDERED for node in both.nodes)
    for run in range(8):
        for ours, theirs in zip(together, both(*(d[..., run] for d in data)), strict=True):
            assert close(ours[..., run], theirs, 0.0 if exact else 1e-12)


def check_mixed_company(numpy: Any, inputs: list[Any]) -> None:
    """Each input in turn is the same for all runs, and is passed without a run axis."""
    graph = trace(numpy, *inputs)
    for alike in range(len(inputs) if len(inputs) > 1 else 0):
        kinds = [SHARED if i == alike else RUN for i in range(len(inputs))]
        rng = np.random.default_rng(4)
        data = [rng.normal(size=(*v.shape, 3)) for v in graph.inputs]
        data[alike][...] = data[alike][..., :1]
        with np.errstate(all="ignore"):
            together = replayed(graph, data, 3, kinds)
        for run in range(3):
            for ours, theirs in zip(together, graph(*(d[..., run] for d in data)), strict=True):
                assert close(ours[..., run], theirs, 1e-12)


def replayed(graph: Graph, data: list[Any], runs: int, kinds: Any = None) -> list[Any]:
    kinds = kinds or [RUN] * len(data)
    program = compile(graph, [Input(kind, changes=kind == RUN) for kind in kinds], runs)
    for buffer, values, kind in zip(program.inputs, data, kinds, strict=True):
        buffer[...] = values[..., :runs] if kind == RUN else values[..., 0]
    program.prepare()
    program.step()
    outputs = zip(program.outputs, graph.outputs, strict=True)
    arrays = [a if a.ndim > len(v.shape) else np.broadcast_to(a[..., None], (*v.shape, runs)) for a, v in outputs]
    return [a.copy() for a in arrays]


def bits(arrays: Iterable[Any]) -> list[bytes]:
    return [np.ascontiguousarray(a).tobytes() for a in arrays]
