"""Products of vectors, matrices and tensors."""

from __future__ import annotations

import numpy as np
import pytest

from optlab.engine.functions import FUNCTIONS, UFUNCS, einsum, products

torch = pytest.importorskip("torch")


def summed(subscripts):
    return (lambda *v: np.einsum(subscripts, *v)), (lambda *v: torch.einsum(subscripts.replace(" ", ""), *v))


CASES = {
    np.dot: [
        (np.dot, torch.dot, [(3,), (3,)]),
        (np.dot, torch.mv, [(2, 3), (3,)]),
        (np.dot, lambda a, b: a @ b, [(4, 2, 3), (3, 2)]),
        (np.dot, torch.mul, [(), (3,)]),
        (lambda a: np.dot(a, [1.0, 2.0]), lambda a: a @ torch.tensor([1.0, 2]).double(), [(3, 2)]),
        (np.dot, lambda a, b: a @ b, [(2, 0), (0, 3)]),
    ],
    np.vdot: [
        (np.vdot, lambda a, b: a.reshape(-1) @ b.reshape(-1), [(2, 3), (2, 3)]),
        (np.vdot, lambda a, b: a.reshape(-1) @ b, [(2, 3), (6,)]),
        (np.vdot, torch.mul, [(), ()]),
    ],
    np.inner: [
        (np.inner, torch.inner, [(3,), (3,)]),
        (np.inner, torch.inner, [(2, 3), (4, 3)]),
        (np.inner, torch.inner, [(2, 5, 3), (3,)]),
        (np.inner, torch.inner, [(), (3,)]),
        (np.inner, torch.inner, [(2, 0), (3, 0)]),
    ],
    np.outer: [
        (np.outer, torch.outer, [(2,), (3,)]),
        (np.outer, lambda a, b: torch.outer(a.reshape(-1), b.reshape(-1)), [(2, 3), (2, 1)]),
        (lambda a: np.outer([1.0, 2.0], a), lambda a: torch.outer(torch.tensor([1.0, 2]), a), [(3,)]),
        (np.outer, torch.outer, [(0,), (3,)]),
    ],
    np.tensordot: [
        (np.tensordot, lambda a, b: torch.tensordot(a, b, 2), [(2, 3, 4), (3, 4, 2)]),
        (lambda a, b: np.tensordot(a, b, axes=1), lambda a, b: torch.tensordot(a, b, 1), [(2, 3), (3, 4)]),
        (lambda a, b: np.tensordot(a, b, 0), lambda a, b: torch.tensordot(a, b, 0), [(2,), (3,)]),
        (
            lambda a, b: np.tensordot(a, b, ([0, -1], [1, 0])),
            lambda a, b: torch.tensordot(a, b, ([0, 2], [1, 0])),
            [(2, 3, 4), (4, 2)],
        ),
        (lambda a, b: np.tensordot(a, b, (0, -1)), lambda a, b: torch.tensordot(a, b, ([0], [1])), [(3,), (2, 3)]),
        (lambda a, b: np.tensordot(a, b, 1), lambda a, b: torch.tensordot(a, b, 1), [(2, 0), (0, 3)]),
        (lambda a, b: np.tensordot(a, b, 1), lambda a, b: torch.tensordot(a, b, 1), [(0, 2), (2, 3)]),
        (
            lambda a: np.tensordot(np.ones((2, 3)), a, ((), ())),
            lambda a: torch.ones(2, 3, 1) * a,
            [(2,)],
        ),
    ],
    np.einsum: [
        (*summed("ij,jk->ik"), [(2, 3), (3, 4)]),
        (*summed("ij, jk"), [(2, 3), (3, 4)]),
        (*summed("bij,bjk->bik"), [(2, 3, 4), (2, 4, 2)]),
        (*summed("i,i"), [(3,), (3,)]),
        (*summed("i,j->ji"), [(2,), (3,)]),
        (*summed("ij->ji"), [(2, 3)]),
        (*summed("ji"), [(2, 3)]),
        (*summed("ij->"), [(2, 3)]),
        (*summed("ii"), [(3, 3)]),
        (*summed("ii->i"), [(3, 3)]),
        (*summed("iij,jk->ik"), [(2, 2, 3), (3, 2)]),
        (*summed("i,ij,j"), [(2,), (2, 3), (3,)]),
        (*summed("ab,bc,cd->ad"), [(2, 3), (3, 2), (2, 4)]),
        (*summed("ij,kl->il"), [(2, 3), (4, 2)]),
        (*summed("i,i,i->i"), [(3,), (3,), (3,)]),
        (*summed(",i->i"), [(), (3,)]),
        (*summed("ij,ij->ij"), [(2, 0), (2, 0)]),
        (*summed("ij,jk->ik"), [(2, 0), (0, 3)]),
        (
            lambda a: np.einsum("ij,j->i", np.ones((2, 3)), a, optimize=True),
            lambda a: a.sum().expand(2),
            [(3,)],
        ),
        (
            lambda a: np.einsum("i,ij,jk->k", [1.0, 2.0], np.ones((2, 3)), a),
            lambda a: 3 * a.sum(0),
            [(3, 2)],
        ),
    ],
    np.matmul: [
        (np.matmul, torch.matmul, [(2, 3), (3, 4)]),
        (np.matmul, torch.matmul, [(3,), (3,)]),
        (np.matmul, torch.matmul, [(3,), (2, 3, 4)]),
        (np.matmul, torch.matmul, [(5, 2, 3), (3,)]),
        (np.matmul, torch.matmul, [(4, 1, 2, 3), (5, 3, 2)]),
        (np.matmul, torch.matmul, [(2, 0), (0, 3)]),
    ],
    np.vecdot: [
        (np.vecdot, lambda a, b: (a * b).sum(-1), [(2, 3), (2, 3)]),
        (np.vecdot, lambda a, b: (a * b).sum(-1), [(3,), (2, 1, 3)]),
        (lambda a: np.vecdot([1.0, 2.0], a), lambda a: a @ torch.tensor([1.0, 2]).double(), [(3, 2)]),
    ],
    np.matvec: [
        (np.matvec, torch.matmul, [(2, 3), (3,)]),
        (np.matvec, lambda a, b: (a @ b[..., None])[..., 0], [(4, 2, 3), (4, 3)]),
        (np.matvec, lambda a, b: (a @ b[..., None])[..., 0], [(2, 3), (5, 3)]),
    ],
}


def test_every_row_has_a_case():
    here = {products.__name__, einsum.__name__}
    assert set(CASES) == {f for f, row in {**FUNCTIONS, **UFUNCS}.items() if row.__module__ in here}


def test_products(case, check):
    check(case)
