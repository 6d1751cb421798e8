"""Selecting entries by index, condition, order or diagonal."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import optlab
from optlab.engine.functions import FUNCTIONS, indexing
from optlab.engine.trace import trace

torch = pytest.importorskip("torch")

INDEX = np.array([[2, 0], [1, -1]])


def at(x, index, dim):
    return torch.take_along_dim(x, torch.tensor(index), dim)


CASES = {
    np.select: [
        (
            lambda x: np.select([x > 1, x > 0], [x * x, -x], 3.0),
            lambda x: torch.where(x > 1, x * x, torch.where(x > 0, -x, 3.0 + 0 * x)),
            [(8,)],
        ),
        (lambda x: np.select([x > 0], [x]), lambda x: x * (x > 0), [(2, 3)]),
        (
            lambda x: np.select([x > 0, x + 1 < 0], [2.0, x[:1]], default=x),
            lambda x: torch.where(x > 0, 2.0, torch.where(x < -1, x[:1], x)),
            [(3, 2)],
        ),
        (
            lambda x: np.select([np.array([True, False]), True], [x, 1.0]),
            lambda x: torch.stack([x, 0 * x + 1]),
            [()],
        ),
        (lambda x: np.select([x > 0], [np.float64(2)], x), lambda x: torch.where(x > 0, 2.0, x), [(6,)]),
        (lambda x: np.select([x > 0, x < 0], [x, 7]), lambda x: x * 1, [(0,)]),
        (lambda x: np.select([x > 0, x < -0.2], [1, 2.5], 3), lambda x: 3 - 2 * (x > 0) - 0.5 * (x < -0.2), [(6,)]),
    ],
    np.take: [
        (lambda x: np.take(x, [2, 0, 2]), lambda x: x.reshape(-1)[[2, 0, 2]], [(2, 3)]),
        (lambda x: np.take(x, [1, 1], axis=1), lambda x: x[:, [1, 1]], [(2, 3)]),
        (lambda x: np.take(x, 1, axis=0), lambda x: x[1], [(2, 3)]),
        (lambda x: np.take(x, INDEX, axis=-1), lambda x: x[:, torch.tensor(INDEX)], [(2, 3)]),
        (lambda x: np.take(x, [True, False]), lambda x: x[[1, 0]], [(3,)]),
        (lambda x: np.take(x, np.array([], int)), lambda x: x[:0], [(3,)]),
        (lambda x: np.take(x[::-1], [-1, 0]), lambda x: x[[0, 4]], [(5,)]),
    ],
    np.take_along_axis: [
        (lambda x: np.take_along_axis(x, INDEX, axis=1), lambda x: at(x, INDEX, 1), [(2, 3)]),
        (lambda x: np.take_along_axis(x, INDEX, 0), lambda x: at(x, INDEX % 3, 0), [(3, 2)]),
        (lambda x: np.take_along_axis(x, np.array([[1], [1]]), -1), lambda x: x[:, 1:2], [(2, 3)]),
        (lambda x: np.take_along_axis(x, np.array([[1, 1, 0]]), -1), lambda x: x[:, [1, 1, 0]], [(2, 3)]),
        (lambda x: np.take_along_axis(x, np.array([[0, 0], [0, 0]]), 1), lambda x: x.expand(2, 2), [(1, 1)]),
        (lambda x: np.take_along_axis(x, np.array([4, 0]), axis=None), lambda x: x.reshape(-1)[[4, 0]], [(2, 3)]),
        (
            lambda x: np.take_along_axis(x, np.argsort(x, axis=0)[:2], axis=0),
            lambda x: x.sort(0)[0][:2],
            [(4, 3)],
        ),
        (
            lambda x, y: np.take_along_axis(y, np.argmax(x, axis=1, keepdims=True), axis=1),
            lambda x, y: torch.take_along_dim(y, x.argmax(1, True), 1),
            [(3, 4), (3, 4)],
        ),
        (
            lambda x: np.take_along_axis(np.arange(3.0), np.argsort(x), 0) * x,
            lambda x: x.argsort() * x,
            [(3,)],
        ),
        (lambda x: np.take_along_axis(x, np.zeros((2, 0), int), 1), lambda x: x[:, :0], [(2, 3)]),
    ],
    np.compress: [
        (lambda x: np.compress([True, False, True], x), lambda x: x[[0, 2]], [(3,)]),
        (lambda x: np.compress([0, 1], x), lambda x: x.reshape(-1)[[1]], [(2, 3)]),
        (lambda x: np.compress(np.array([1, 0, 1]) > 0, x, axis=-1), lambda x: x[:, [0, 2]], [(2, 3)]),
        (lambda x: np.compress([False], x, 0), lambda x: x[:0], [(2, 3)]),
    ],
    np.sort: [
        (np.sort, lambda x: x.sort()[0], [(6,)]),
        (lambda x: np.sort(x, axis=0), lambda x: x.sort(0)[0], [(4, 3)]),
        (lambda x: np.sort(x, -2), lambda x: x.sort(-2)[0], [(2, 4, 3)]),
        (lambda x: np.sort(x, axis=None), lambda x: x.reshape(-1).sort()[0], [(2, 3)]),
        (np.sort, lambda x: x * 1, [(2, 0)]),
        (lambda x: np.sort(x, axis=None), lambda x: x.reshape(1), [()]),
    ],
    np.argsort: [
        (lambda x: x * np.argsort(x), lambda x: x * x.argsort(), [(6,)]),
        (lambda x: x * np.argsort(x, axis=0), lambda x: x * x.argsort(0), [(4, 3)]),
        (lambda x: np.argsort(x, axis=None) * 1.0, lambda x: x.reshape(-1).argsort() * 1.0, [(2, 3)]),
    ],
    np.argmax: [
        (lambda x: x * np.argmax(x), lambda x: x * x.argmax(), [(5,)]),
        (lambda x: x * np.argmax(x, axis=0), lambda x: x * x.argmax(0), [(4, 3)]),
        (lambda x: x * np.argmax(x, -1, keepdims=True), lambda x: x * x.argmax(-1, True), [(2, 3)]),
        (lambda x: x * np.argmax(x, keepdims=True), lambda x: x * x.argmax(), [(2, 3)]),
        (lambda x: x + np.argmax(x), lambda x: x * 1, [()]),
        (lambda x: x + np.argmax(x, axis=0, keepdims=True), lambda x: x * 1, [(1, 2)]),
    ],
    np.argmin: [
        (lambda x: x * np.argmin(x), lambda x: x * x.argmin(), [(5,)]),
        (lambda x: x * np.argmin(x, axis=-1, keepdims=True), lambda x: x * x.argmin(-1, True), [(4, 3)]),
        (lambda x: x * np.argmin(x, axis=-2), lambda x: x * x.argmin(0), [(4, 3)]),
    ],
    np.diagonal: [
        (np.diagonal, torch.diagonal, [(3, 3)]),
        (lambda x: np.diagonal(x, 1), lambda x: x.diagonal(1), [(2, 4)]),
        (lambda x: np.diagonal(x, offset=-1, axis1=-1, axis2=0), lambda x: x.diagonal(-1, -1, 0), [(3, 2, 4)]),
        (lambda x: np.diagonal(x, 5), lambda x: x[0, :0], [(2, 3)]),
        (np.diagonal, torch.diagonal, [(0, 3)]),
    ],
    np.trace: [
        (np.trace, torch.trace, [(3, 3)]),
        (lambda x: np.trace(x, -1), lambda x: x.diagonal(-1).sum(-1), [(4, 2)]),
        (lambda x: np.trace(x, offset=1, axis1=1, axis2=-1), lambda x: x.diagonal(1, 1, 2).sum(-1), [(2, 3, 4)]),
        (np.trace, lambda x: x.sum(), [(0, 0)]),
    ],
    np.diag: [
        (np.diag, torch.diag, [(3,)]),
        (lambda x: np.diag(x, k=-2), lambda x: torch.diag(x, -2), [(2,)]),
        (lambda x: np.diag(x, 1), lambda x: torch.diag(x, 1), [(3, 4)]),
        (np.diag, torch.diag, [(0,)]),
    ],
    np.tril: [
        (np.tril, torch.tril, [(3, 3)]),
        (lambda x: np.tril(x, -1), lambda x: torch.tril(x, -1), [(2, 3, 4)]),
        (lambda x: np.tril(x, k=1), lambda x: torch.tril(x, 1), [(4, 2)]),
        (np.tril, lambda x: torch.tril(x.expand(3, 3)), [(3,)]),
        (np.tril, torch.tril, [(0, 2)]),
    ],
    np.triu: [
        (np.triu, torch.triu, [(3, 3)]),
        (lambda x: np.triu(x, -1), lambda x: torch.triu(x, -1), [(2, 3, 4)]),
        (lambda x: np.triu(x, k=2), lambda x: torch.triu(x, 2), [(2, 4)]),
        (np.triu, lambda x: torch.triu(x.expand(3, 3)), [(3,)]),
    ],
}


def test_every_row_has_a_case():
    assert set(CASES) == {f for f, row in FUNCTIONS.items() if row.__module__ == indexing.__name__}


def test_indexing_functions(case, check):
    check(case)


HARD = [
    *(np.array(values) for values in itertools.product([0.0, 1.0, np.nan], repeat=3)),
    np.array([np.inf, -np.inf, np.inf, -np.inf]),
    np.array([-0.0, 0.0]),
    np.array([False, True, True, False]),
    np.array([-(2**63), 2**63 - 1, -(2**63)]),
    np.array([0, 2**64 - 1, 0], dtype=np.uint64),
]


@pytest.mark.parametrize("f", [np.argmax, np.argmin, np.argsort, np.sort])
def test_ties_nan_infinities_and_the_ends_of_whole_numbers(f):
    kind = {"kind": "stable"} if f is np.argsort else {}
    for x in HARD:
        assert np.array_equal(trace(f, x)(x)[0], f(x, **kind), equal_nan=x.dtype.kind == "f"), x


def test_the_entry_at_argmax_gets_the_whole_derivative():
    """Also if several entries tie; np.max would give each of them a share."""
    x = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 0.0]])

    def largest(x):
        return np.sum(np.take_along_axis(x, np.argmax(x, axis=1, keepdims=True), axis=1))

    def selected(x):
        return np.sum(np.where(np.arange(3) == np.argmax(x, axis=1, keepdims=True), x, 0.0))

    assert optlab.grad(largest)(x).tolist() == optlab.grad(selected)(x).tolist() == [[0, 1, 0], [1, 0, 0]]
