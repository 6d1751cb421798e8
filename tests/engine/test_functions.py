"""NumPy's functions and methods on traced values: the value is NumPy's, the gradient torch's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import optlab
from optlab.engine import functions
from optlab.engine.functions import FUNCTIONS, METHODS
from optlab.engine.passes import optimise
from optlab.engine.trace import trace
from optlab.engine.vjp import vjp
from optlab.errors import TraceError

torch = pytest.importorskip("torch")

Case = tuple[Callable[..., Any], Callable[..., Any], list[Any]]

CASES: dict[Callable[..., Any], list[Case]] = {
    np.sum: [
        (lambda x: np.sum(x), lambda x: x.sum(), [(2, 3)]),
        (lambda x: np.sum(x, axis=-1), lambda x: x.sum(-1), [(2, 3)]),
        (lambda x: np.sum(x, (0, 2), keepdims=True), lambda x: x.sum((0, 2), True), [(2, 3, 4)]),
        (lambda x: np.sum(x), lambda x: x.sum(), [()]),
    ],
    np.max: [(lambda x: np.max(x, axis=1), lambda x: x.amax(1), [(3, 4)]), (lambda x: np.max(x), torch.amax, [(5,)])],
    np.min: [(lambda x: np.min(x, axis=0), lambda x: x.amin(0), [(3, 4)]), (lambda x: np.min(x), torch.amin, [(5,)])],
    np.amax: [(lambda x: np.amax(x, axis=1), lambda x: x.amax(1), [(3, 4)])],
    np.amin: [(lambda x: np.amin(x), torch.amin, [(3, 4)])],
    np.mean: [
        (lambda x: np.mean(x), lambda x: x.mean(), [(2, 3)]),
        (lambda x: np.mean(x, axis=(0, 1), keepdims=True), lambda x: x.mean((0, 1), True), [(2, 3, 2)]),
    ],
    np.var: [
        (lambda x: np.var(x), lambda x: x.var(correction=0), [(5,)]),
        (lambda x: np.var(x, axis=0, ddof=1), lambda x: x.var(0, correction=1), [(4, 3)]),
    ],
    np.std: [
        (lambda x: np.std(x), lambda x: x.std(correction=0), [(2, 3)]),
        (lambda x: np.std(x, axis=1, ddof=1, keepdims=True), lambda x: x.std(1, correction=1, keepdim=True), [(3, 4)]),
    ],
    np.linalg.norm: [
        (lambda x: np.linalg.norm(x), lambda x: torch.linalg.norm(x), [(4,)]),
        (lambda x: np.linalg.norm(x), lambda x: torch.linalg.norm(x), [(2, 3)]),
        (lambda x: np.linalg.norm(x, axis=0), lambda x: torch.linalg.norm(x, dim=0), [(2, 3)]),
        (lambda x: np.linalg.norm(x, 2, axis=1, keepdims=True), lambda x: torch.linalg.norm(x, 2, 1, True), [(2, 3)]),
    ],
    np.where: [
        (lambda a, b: np.where(a > b, a * b, b), lambda a, b: torch.where(a > b, a * b, b), [(3,), (2, 1)]),
        (
            lambda a: np.where([True, False, True], a, 2.0),
            lambda a: a * torch.tensor([1, 0, 1]) + torch.tensor([0.0, 2, 0]),
            [(3,)],
        ),
        (lambda a: np.where(True, a, 0.0), lambda a: a * 1, [(3,)]),
        (lambda a: np.where(np.array([1, 0, 2]), a, -a), lambda a: a * torch.tensor([1, -1, 1]), [(3,)]),
    ],
    np.clip: [
        (lambda x: np.clip(x, -0.5, 0.5), lambda x: x.clamp(-0.5, 0.5), [(6,)]),
        (lambda x: np.clip(x, None, 0.5), lambda x: x.clamp(max=0.5), [(6,)]),
        (lambda x: np.clip(x, min=-0.5), lambda x: x.clamp(min=-0.5), [(6,)]),
    ],
    np.dot: [
        (np.dot, torch.dot, [(3,), (3,)]),
        (np.dot, torch.mv, [(2, 3), (3,)]),
        (np.dot, lambda a, b: a @ b, [(4, 2, 3), (3, 2)]),
        (np.dot, torch.mul, [(), (3,)]),
    ],
    np.vdot: [(np.vdot, lambda a, b: a.reshape(-1) @ b.reshape(-1), [(2, 3), (2, 3)])],
    np.reshape: [
        (lambda x: np.reshape(x, (3, -1)), lambda x: x.reshape(3, -1), [(2, 3)]),
        (lambda x: np.reshape(x, 6), lambda x: x.reshape(6), [(2, 3)]),
        (lambda x: np.reshape(x, (2, -1)), lambda x: x.reshape(2, 0), [(2, 0)]),
    ],
    np.ravel: [(np.ravel, lambda x: x.reshape(-1), [(2, 3)])],
    np.transpose: [
        (np.transpose, lambda x: x.permute(2, 1, 0), [(2, 3, 4)]),
        (lambda x: np.transpose(x, (1, 0, -1)), lambda x: x.permute(1, 0, 2), [(2, 3, 4)]),
    ],
    np.broadcast_to: [(lambda x: np.broadcast_to(x, (2, 4, 3)), lambda x: x.broadcast_to(2, 4, 3), [(4, 1)])],
    np.concatenate: [
        (lambda a, b: np.concatenate([a, b], axis=-1), lambda a, b: torch.cat([a, b], 1), [(2, 3), (2, 1)]),
        (lambda a: np.concatenate([a, [1.0, 2.0], a]), lambda a: torch.cat([a, torch.tensor([1.0, 2]), a]), [(3,)]),
        (lambda a: np.concatenate([a, a], axis=None), lambda a: torch.cat([a, a]).reshape(-1), [(2, 2)]),
    ],
    np.stack: [
        (lambda a, b: np.stack([a, b], axis=-1), lambda a, b: torch.stack([a, b], -1), [(2, 3), (2, 3)]),
        (lambda a: np.stack([a[0], 1.0, a[1]]), lambda a: torch.stack([a[0], torch.tensor(1.0), a[1]]), [(2,)]),
    ],
    np.squeeze: [
        (np.squeeze, torch.squeeze, [(1, 3, 1)]),
        (lambda x: np.squeeze(x, axis=-1), lambda x: torch.squeeze(x, -1), [(1, 3, 1)]),
    ],
    np.expand_dims: [(lambda x: np.expand_dims(x, -1), lambda x: x.unsqueeze(-1), [(2, 3)])],
    np.take: [
        (lambda x: np.take(x, [2, 0, 2]), lambda x: x.reshape(-1)[[2, 0, 2]], [(2, 3)]),
        (lambda x: np.take(x, [1, 1], axis=1), lambda x: x[:, [1, 1]], [(2, 3)]),
        (lambda x: np.take(x, 1, axis=0), lambda x: x[1], [(2, 3)]),
    ],
    np.zeros_like: [(lambda x: x + np.zeros_like(x), lambda x: x + 0, [(2,)])],
    np.ones_like: [(lambda x: x * np.ones_like(x), lambda x: x * 1, [(2,)])],
    np.full_like: [(lambda x: x * np.full_like(x, 3.0), lambda x: x * 3, [(2,)])],
    np.shape: [(lambda x: x * np.shape(x)[1], lambda x: x * 3, [(2, 3)])],
    np.ndim: [(lambda x: x * np.ndim(x), lambda x: x * 2, [(2, 3)])],
    np.size: [(lambda x: x * np.size(x), lambda x: x * 6, [(2, 3)])],
}

METHOD_CASES: dict[str, Case] = {
    "sum": (lambda x: x.sum(axis=0), lambda x: x.sum(0), [(2, 3)]),
    "max": (lambda x: x.max(axis=0), lambda x: x.amax(0), [(2, 3)]),
    "min": (lambda x: x.min(), torch.amin, [(2, 3)]),
    "mean": (lambda x: x.mean(axis=1, keepdims=True), lambda x: x.mean(1, True), [(2, 3)]),
    "var": (lambda x: x.var(axis=0), lambda x: x.var(0, correction=0), [(3, 2)]),
    "std": (lambda x: x.std(), lambda x: x.std(correction=0), [(3, 2)]),
    "dot": (lambda a, b: a.dot(b), torch.mv, [(2, 3), (3,)]),
    "clip": (lambda x: x.clip(-0.5, 0.5), lambda x: x.clamp(-0.5, 0.5), [(6,)]),
    "reshape": (lambda x: x.reshape(3, 2), lambda x: x.reshape(3, 2), [(2, 3)]),
    "transpose": (lambda x: x.transpose(1, 0), lambda x: x.T, [(2, 3)]),
    "ravel": (lambda x: x.ravel(), lambda x: x.reshape(-1), [(2, 3)]),
    "flatten": (lambda x: x.flatten(), lambda x: x.reshape(-1), [(2, 3)]),
    "squeeze": (lambda x: x.squeeze(), torch.squeeze, [(1, 3)]),
    "take": (lambda x: x.take([0, 0, 2]), lambda x: x[[0, 0, 2]], [(3,)]),
    "astype": (lambda x: x.astype(float), lambda x: x * 1, [(3,)]),
    "copy": (lambda x: x.copy(), lambda x: x * 1, [(3,)]),
}

OTHERS: dict[str, Case] = {
    "T": (lambda x: x.T, lambda x: x.T, [(2, 3)]),
    "+x": (lambda x: +x, lambda x: x * 1, [(3,)]),
    "abs(x)": (lambda x: abs(x), abs, [(3,)]),
    "iteration": (
        lambda x: sum(v * (i + 1.0) for i, v in enumerate(x)),
        lambda x: x @ torch.arange(1.0, 4).double(),
        [(3,)],
    ),
    "unpacking": (lambda x: next(a * b for a, b in [x]), lambda x: x[0] * x[1], [(2,)]),
    "np.add.reduce": (lambda x: np.add.reduce(x), lambda x: x.sum(0), [(2, 3)]),
    "np.maximum.reduce": (lambda x: np.maximum.reduce(x, axis=1), lambda x: x.amax(1), [(2, 3)]),
    "np.minimum.reduce": (lambda x: np.minimum.reduce(x, axis=None), torch.amin, [(2, 3)]),
    "boolean mask": (lambda x: x[np.array([True, False, True])], lambda x: x[[0, 2]], [(3,)]),
    "x[True]": (lambda x: x[True], lambda x: x[None], [(3,)]),
    "integer arrays": (lambda x: x[[0, 1], [2, -1]], lambda x: x[[0, 1], [2, -1]], [(2, 3)]),
    "array and slice": (lambda x: x[:, np.array([1, 1])], lambda x: x[:, [1, 1]], [(2, 3)]),
    "newaxis": (lambda x: x[:, None, ..., 0], lambda x: x[:, None, ..., 0], [(2, 3)]),
    "negative step": (lambda x: x[::-2], lambda x: x.flip(0)[::2], [(5,)]),
    "np.int64 index": (lambda x: x[np.int64(1)], lambda x: x[1], [(3,)]),
    "empty slice": (lambda x: np.concatenate([x[5:], x]), lambda x: x * 1, [(3,)]),
    "reflected": (
        lambda x: np.ones(3) @ x + (2.0 - x[0]) * np.float64(3) / x[1],
        lambda x: x.sum() + (2 - x[0]) * 3 / x[1],
        [(3,)],
    ),
    **{
        f"x**{p}": (lambda x, p=p: (x * x + 0.5) ** p, lambda x, p=p: (x * x + 0.5) ** p, [(3,)])
        for p in (0, 1, 2, 3, 4, 5, -1, -2, 0.5, 1.5)
    },
    "2**x": (lambda x: 2.0**x, lambda x: 2.0**x, [(3,)]),
}


def test_every_function_and_method_has_a_test():
    assert set(CASES) == set(FUNCTIONS)
    assert set(METHOD_CASES) == set(METHODS)


def check(numpy: Any, in_torch: Any, shapes: Any) -> None:
    rng = np.random.default_rng(0)
    inputs = [np.asarray(rng.normal(size=s)) for s in shapes]
    plain = np.asarray(numpy(*inputs))
    graph = trace(numpy, *inputs)
    assert graph.outputs[0].shape == plain.shape
    w = rng.uniform(0.5, 1.5, size=plain.shape)
    leaves = [torch.tensor(x, requires_grad=True) for x in inputs]
    y = in_torch(*leaves)
    expected = torch.autograd.grad(y, leaves, torch.tensor(w))
    value, *gradients = optimise(vjp(graph, range(len(inputs))))(*inputs, w)
    assert np.abs(value - plain).max(initial=0) <= 1e-15 * (1 + np.abs(plain).max(initial=0))
    assert np.abs(value - y.detach().numpy()).max(initial=0) <= 1e-13 * (1 + np.abs(plain).max(initial=0))
    for ours, theirs in zip(gradients, expected, strict=True):
        assert ours.shape == tuple(theirs.shape)
        assert (np.abs(ours - theirs.numpy()) <= 1e-13 * (1 + np.abs(theirs.numpy()))).all()


@pytest.mark.parametrize(
    ("function", "case"),
    [pytest.param(f, c, id=f"{f.__name__} {i}") for f, cases in CASES.items() for i, c in enumerate(cases)],
)
def test_functions(function, case, monkeypatch):
    calls = []
    supported = FUNCTIONS[function]
    monkeypatch.setitem(FUNCTIONS, function, lambda *a, **k: calls.append(1) or supported(*a, **k))
    check(*case)
    assert calls, "the case does not use the function it stands for"


@pytest.mark.parametrize("name", METHOD_CASES)
def test_methods(name):
    check(*METHOD_CASES[name])


@pytest.mark.parametrize("name", OTHERS)
def test_operators_and_indexing(name):
    check(*OTHERS[name])


def test_small_whole_powers_are_products():
    ops = [node.op.name for p in (2, 3, 4, -1, 0.5) for node in trace(lambda x, p=p: x**p, 1.5).nodes]
    assert "power" not in ops
    assert [n.op.name for n in trace(lambda x: x**5, 1.5).nodes] == ["power"]


@pytest.mark.parametrize("f", [optlab.sigmoid, optlab.relu, optlab.logsumexp], ids=lambda f: f.__name__)
def test_our_own_functions_take_plain_arrays_lists_and_numbers(f):
    assert f([0.5, -1.0]).tolist() == f(np.array([0.5, -1.0])).tolist()
    assert np.shape(f(0.5)) == ()
    assert float(f(0.5)) == {"sigmoid": 1 / (1 + np.exp(-0.5)), "relu": 0.5, "logsumexp": 0.5}[f.__name__]


def test_conditions_combine_with_and_or_xor_not():
    x = np.array([-1.0, 0.5, 2.0])
    graph = trace(lambda x: ((x > 0) & (x < 1), (x < 0) | (x > 1), (x > 0) ^ (x > 1), ~(x > 0), (x > 0) & True), x)
    expected = [(x > 0) & (x < 1), (x < 0) | (x > 1), (x > 0) ^ (x > 1), ~(x > 0), x > 0]
    assert [v.tolist() for v in graph(x)] == [v.tolist() for v in expected]


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x & 3,
        lambda x: (x > 0) & x,
        lambda x: ~x,
        lambda x: x | 1,
    ],
)
def test_bitwise_operations_of_numbers_are_refused(f):
    with pytest.raises(TraceError, match="of numbers"):
        trace(f, 5)


def test_did_you_mean_for_every_unsupported_name_is_supported():
    with pytest.raises(TraceError, match=r"did you mean 'np\.") as caught:
        trace(lambda x: np.nansum(x), 0.5)
    guess = str(caught.value).split("'")[-2].removeprefix("np.")
    assert getattr(np, guess) in functions.FUNCTIONS or guess in functions.OPS
