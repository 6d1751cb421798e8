"""Sums, products, extrema, averages, and cumulative functions."""

from __future__ import annotations

import numpy as np
import pytest

import optlab
from optlab.engine.functions import FUNCTIONS, reducing
from optlab.engine.trace import trace

torch = pytest.importorskip("torch")


def weighted(x, w, axis, keep=False):
    return (x * w).sum(axis, keep) / w.sum(axis, keep)


def middle(x, axis):
    s, n = x.sort(axis)[0], x.shape[axis]
    return 0.5 * (s.select(axis, (n - 1) // 2) + s.select(axis, n // 2))


def ptp(x, axis, keep=False):
    return x.amax(axis, keep) - x.amin(axis, keep)


VECTOR_OF_AXIS_1 = np.array([1.0, 2, 4])
MATRIX = np.array([[1.0, 2, 4], [0.5, 0.25, 3]])

CASES = {
    np.sum: [
        (lambda x: np.sum(x), lambda x: x.sum(), [(2, 3)]),
        (lambda x: np.sum(x, axis=-1), lambda x: x.sum(-1), [(2, 3)]),
        (lambda x: np.sum(x, (0, 2), keepdims=True), lambda x: x.sum((0, 2), True), [(2, 3, 4)]),
        (lambda x: np.sum(x, axis=(-1, 0)), lambda x: x.sum((0, 2)), [(2, 3, 4)]),
        (lambda x: np.sum(x, axis=()), lambda x: x * 1, [(2, 3)]),
        (lambda x: np.sum(x), lambda x: x * 1, [()]),
        (lambda x: np.sum(x, axis=0), lambda x: x.sum(0), [(0, 3)]),
        (lambda x: np.sum(x, axis=1), lambda x: x.sum(1), [(0, 3)]),
        (lambda x: np.sum(x, axis=None, out=None), lambda x: x.sum(), [(1, 1)]),
        (lambda x: np.sum(x[::-2], axis=0), lambda x: x[[4, 2, 0]].sum(0), [(5, 2)]),
    ],
    np.prod: [
        (lambda x: np.prod(x), lambda x: x.prod(), [(5,)]),
        (lambda x: np.prod(x, axis=-1), lambda x: x.prod(-1), [(2, 4)]),
        (lambda x: np.prod(x, axis=0, keepdims=True), lambda x: x.prod(0, True), [(3, 2)]),
        (lambda x: np.prod(x, (0, 2)), lambda x: x.prod(2).prod(0), [(2, 3, 3)]),
        (lambda x: np.prod(x, axis=1), lambda x: x.prod(1), [(2, 0)]),
        (lambda x: np.prod(x, axis=0), lambda x: x.prod(0), [(2, 0)]),
        (lambda x: np.prod(x), lambda x: x * 1, [()]),
        (lambda x: np.prod(x, axis=1), lambda x: x.prod(1), [(3, 1)]),
    ],
    np.max: [
        (lambda x: np.max(x, axis=1), lambda x: x.amax(1), [(3, 4)]),
        (lambda x: np.max(x), torch.amax, [(5,)]),
        (lambda x: np.max(x, axis=(0, -1), keepdims=True), lambda x: x.amax((0, 2), True), [(2, 3, 2)]),
        (lambda x: np.max(x, axis=1), lambda x: x.amax(1), [(0, 3)]),
        (lambda x: np.max(x), lambda x: x * 1, [()]),
    ],
    np.min: [
        (lambda x: np.min(x, axis=0), lambda x: x.amin(0), [(3, 4)]),
        (lambda x: np.min(x), torch.amin, [(5,)]),
        (lambda x: np.min(x, axis=-1, keepdims=True), lambda x: x.amin(-1, True), [(2, 1)]),
        (lambda x: np.min(x, axis=0), lambda x: x.amin(0), [(3, 0)]),
    ],
    np.amax: [(lambda x: np.amax(x, axis=1, keepdims=True), lambda x: x.amax(1, True), [(3, 4)])],
    np.amin: [(lambda x: np.amin(x), torch.amin, [(3, 4)])],
    np.ptp: [
        (lambda x: np.ptp(x), lambda x: x.max() - x.min(), [(5,)]),
        (lambda x: np.ptp(x, axis=-1), lambda x: ptp(x, -1), [(2, 3)]),
        (lambda x: np.ptp(x, (0, 1), keepdims=True), lambda x: ptp(x, (0, 1), True), [(2, 3)]),
        (lambda x: np.ptp(x, axis=1), lambda x: x[:, 0] - x[:, 0], [(3, 1)]),
    ],
    np.mean: [
        (lambda x: np.mean(x), lambda x: x.mean(), [(2, 3)]),
        (lambda x: np.mean(x, axis=(0, 1), keepdims=True), lambda x: x.mean((0, 1), True), [(2, 3, 2)]),
        (lambda x: np.mean(x, -2), lambda x: x.mean(-2), [(2, 3, 2)]),
        (lambda x: np.mean(x), lambda x: x.mean(), [(0,)]),
        (lambda x: np.mean(x, axis=0), lambda x: x.mean(0), [(0, 2)]),
        (lambda x: np.mean(x, axis=0), lambda x: x.mean(0), [(2, 0)]),
        (lambda x: np.mean(x), lambda x: x * 1, [()]),
    ],
    np.average: [
        (lambda x: np.average(x), lambda x: x.mean(), [(2, 3)]),
        (lambda x: np.average(x, axis=1, keepdims=True), lambda x: x.mean(1, True), [(2, 3)]),
        (
            lambda x: np.average(x, axis=-1, weights=VECTOR_OF_AXIS_1),
            lambda x: weighted(x, torch.tensor([[1.0, 2, 4]]), -1),
            [(2, 3)],
        ),
        (
            lambda x: np.average(x, weights=MATRIX),
            lambda x: weighted(x, torch.tensor(MATRIX), (0, 1)),
            [(2, 3)],
        ),
        (
            lambda x: np.average(x, 0, MATRIX, keepdims=True),
            lambda x: weighted(x, torch.tensor(MATRIX), 0, True),
            [(2, 3)],
        ),
        (
            lambda x: np.average(x, axis=(2, 0), weights=MATRIX.T),
            lambda x: weighted(x, torch.tensor(MATRIX)[:, None, :], (0, 2)),
            [(2, 4, 3)],
        ),
        (
            lambda x, w: np.average(x, axis=0, weights=w * w + 0.5),
            lambda x, w: weighted(x, (w * w + 0.5)[:, None], 0),
            [(3, 2), (3,)],
        ),
        (
            lambda w: np.average([1.0, 2, 4], weights=w * w + 0.5),
            lambda w: weighted(torch.tensor([1.0, 2, 4]), w * w + 0.5, 0),
            [(3,)],
        ),
    ],
    np.median: [
        (lambda x: np.median(x), lambda x: middle(x, 0), [(5,)]),
        (lambda x: np.median(x), lambda x: middle(x.reshape(-1), 0), [(2, 3)]),
        (lambda x: np.median(x, axis=-2), lambda x: middle(x, 0), [(4, 3)]),
        (lambda x: np.median(x, 1, keepdims=True), lambda x: middle(x, 1)[:, None], [(2, 3)]),
        (
            lambda x: np.median(x, axis=(0, 2), keepdims=True),
            lambda x: middle(x.transpose(0, 1).reshape(3, -1), 1)[None, :, None],
            [(2, 3, 2)],
        ),
        (lambda x: np.median(x, keepdims=True), lambda x: middle(x.reshape(-1), 0)[None, None], [(2, 3)]),
        (lambda x: np.median(x, axis=1), lambda x: x[:, 0] * 1, [(3, 1)]),
        (lambda x: np.median(x), lambda x: x.mean(), [(0,)]),
        (lambda x: np.median(x, axis=1), lambda x: x.mean(1), [(0, 3)]),
        (lambda x: np.median(x), lambda x: x * 1, [()]),
    ],
    np.var: [
        (lambda x: np.var(x), lambda x: x.var(correction=0), [(5,)]),
        (lambda x: np.var(x, axis=0, ddof=1), lambda x: x.var(0, correction=1), [(4, 3)]),
        (lambda x: np.var(x, (0, -1), keepdims=True), lambda x: x.var((0, 2), correction=0, keepdim=True), [(2, 3, 2)]),
        (lambda x: np.var(x, axis=1), lambda x: x.var(1, correction=0), [(3, 1)]),
        (lambda x: np.var(x, axis=0), lambda x: x.sum(0), [(3, 0)]),
        (lambda x: np.var(x, ddof=0.5), lambda x: x.var(correction=0) * 4 / 3.5, [(4,)]),
    ],
    np.std: [
        (lambda x: np.std(x), lambda x: x.std(correction=0), [(2, 3)]),
        (lambda x: np.std(x, axis=1, ddof=1, keepdims=True), lambda x: x.std(1, correction=1, keepdim=True), [(3, 4)]),
        (lambda x: np.std(x, (-1, 0)), lambda x: x.std((0, 2), correction=0), [(2, 3, 2)]),
    ],
    np.any: [
        (lambda x: x * np.any(x > 0), lambda x: x * (x > 0).any(), [(3,)]),
        (lambda x: x * np.any(x > 0, axis=-1, keepdims=True), lambda x: x * (x > 0).any(-1, True), [(3, 2)]),
        (lambda x: np.any(x, axis=(0, 1)) * 1.0, lambda x: (x != 0).double().amax((0, 1)), [(3, 2, 2)]),
        (lambda x: np.any(x, axis=0) * 1.0, lambda x: x.sum(0) * 0, [(0, 2)]),
        (lambda x: np.any(x) * 1.0, lambda x: (x != 0).double(), [()]),
    ],
    np.all: [
        (lambda x: x * np.all(x > 0), lambda x: x * (x > 0).all(), [(3,)]),
        (lambda x: x * np.all(x > 0, axis=-1, keepdims=True), lambda x: x * (x > 0).all(-1, True), [(3, 2)]),
        (lambda x: np.all(x, axis=(0, 1)) * 1.0, lambda x: (x != 0).double().amin((0, 1)), [(3, 2, 2)]),
        (lambda x: np.all(x, axis=0) * 1.0, lambda x: x.sum(0) * 0 + 1, [(0, 2)]),
        (lambda x: np.all(x) * 1.0, lambda x: (x != 0).double(), [()]),
    ],
    np.cumsum: [
        (lambda x: np.cumsum(x), lambda x: x.cumsum(0), [(5,)]),
        (lambda x: np.cumsum(x), lambda x: x.reshape(-1).cumsum(0), [(2, 3)]),
        (lambda x: np.cumsum(x, axis=-2), lambda x: x.cumsum(0), [(4, 3)]),
        (lambda x: np.cumsum(x, 1), lambda x: x.cumsum(1), [(2, 1)]),
        (lambda x: np.cumsum(x, axis=1), lambda x: x.cumsum(1), [(2, 0)]),
        (lambda x: np.cumsum(x), lambda x: x.reshape(1), [()]),
        (lambda x: np.cumsum(x, axis=0), lambda x: x.reshape(1), [()]),
    ],
    np.cumprod: [
        (lambda x: np.cumprod(x), lambda x: x.cumprod(0), [(6,)]),
        (lambda x: np.cumprod(x), lambda x: x.reshape(-1).cumprod(0), [(2, 3)]),
        (lambda x: np.cumprod(x, axis=-1), lambda x: x.cumprod(1), [(2, 5)]),
        (lambda x: np.cumprod(x, 0), lambda x: x.cumprod(0), [(0, 2)]),
        (lambda x: np.cumprod(x, 0), lambda x: x.cumprod(0), [(1, 2)]),
    ],
    np.diff: [
        (lambda x: np.diff(x), lambda x: x.diff(), [(5,)]),
        (lambda x: np.diff(x, axis=0), lambda x: x.diff(dim=0), [(4, 2)]),
        (lambda x: np.diff(x, n=2, axis=-1), lambda x: x.diff(n=2), [(2, 5)]),
        (lambda x: np.diff(x, 0), lambda x: x * 1, [(3,)]),
        (lambda x: np.diff(x, 3), lambda x: x[:0], [(2,)]),
        (lambda x: np.diff(x), lambda x: x[:0], [(0,)]),
    ],
}


def test_every_row_has_a_case():
    assert set(CASES) == {f for f, row in FUNCTIONS.items() if row.__module__ == reducing.__name__}


def test_reductions(case, check):
    check(case)


@pytest.mark.parametrize("axis", [None, 0, 1, (0, 1)])
def test_the_median_with_a_nan_is_nan(axis):
    x = np.array([[1.0, np.nan, 3.0], [4.0, 5.0, 6.0]])
    (ours,) = trace(lambda x: np.median(x, axis=axis), x)(x)
    assert np.array_equal(ours, np.median(x, axis=axis), equal_nan=True)


@pytest.mark.parametrize("f", [np.var, np.std])
@pytest.mark.parametrize("ddof", [3, 4, 5])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_variance_without_degrees_of_freedom(f, ddof):
    x = np.array([1.0, 2.0, 4.0])
    (ours,) = trace(lambda x: f(x, ddof=ddof), x)(x)
    assert ours == f(x, ddof=ddof) == np.inf


# ---- zeros and ties -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("x", [[2.0, 3.0, 5.0], [0.0, 3.0, 5.0], [0.0, 3.0, 0.0, 2.0], [0.0, 0.0, 0.0]], ids=str)
def test_products_with_zeros(x):
    """The first derivative is the product of all other entries, the second the product of all but two."""
    x, n = np.array(x), len(x)
    slopes = [np.prod(np.delete(x, i)) for i in range(n)]
    curvature = [[0.0 if i == j else np.prod(np.delete(x, [i, j])) for j in range(n)] for i in range(n)]
    slope = optlab.grad(np.prod)
    assert slope(x).tolist() == slopes
    rows = [optlab.grad(lambda x, i=i: optlab.grad(np.prod)(x)[i])(x).tolist() for i in range(n)]
    assert rows == curvature


def test_cumulative_products_with_zeros():
    x = np.array([2.0, 0.0, 3.0, 0.0, 5.0])
    weights = np.array([1.0, 10, 100, 1000, 10000])
    leaf = torch.tensor(x, requires_grad=True)
    (expected,) = torch.autograd.grad((leaf.cumprod(0) * torch.tensor(weights)).sum(), leaf)
    assert optlab.grad(lambda x: np.sum(weights * np.cumprod(x)))(x).tolist() == expected.tolist()


def test_sorting_keeps_the_order_and_derivatives_of_ties():
    weights = np.array([1.0, 10, 100, 1000])
    x = np.array([2.0, 1.0, 2.0, 1.0])
    assert optlab.grad(lambda x: np.sum(weights * np.sort(x)))(x).tolist() == [100, 1, 1000, 10]
    assert optlab.grad(np.max)(x).tolist() == [0.5, 0, 0.5, 0]
    assert optlab.grad(np.ptp)(x).tolist() == [0.5, -0.5, 0.5, -0.5]


@pytest.mark.parametrize(
    ("x", "slope"),
    [([3.0, 1.0, 2.0], [0, 0, 1]), ([4.0, 1.0, 3.0, 2.0], [0, 0, 0.5, 0.5]), ([1.0, 1.0, 1.0], [0, 1, 0])],
)
def test_the_middle_entry_gets_the_whole_derivative_of_the_median(x, slope):
    assert optlab.grad(np.median)(np.array(x)).tolist() == slope


def test_equal_entries_have_zero_spread():
    assert optlab.grad(np.std)(np.full(3, 2.0)).tolist() == [0, 0, 0]
    assert optlab.grad(np.var)(np.full(3, 2.0)).tolist() == [0, 0, 0]


def test_any_and_all_have_zero_derivatives():
    for f in (np.any, np.all):
        assert optlab.grad(lambda x, f=f: np.sum(x) * f(x > 0))(np.array([1.0, 2.0])).tolist() == [1, 1]
        assert optlab.grad(lambda x, f=f: f(x > 0) * 1.0)(np.array([1.0, 2.0])).tolist() == [0, 0]
