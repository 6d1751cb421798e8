"""Shapes, joining and splitting."""

from __future__ import annotations

import numpy as np
import pytest

from optlab.engine.functions import FUNCTIONS, shapes
from optlab.engine.trace import trace

torch = pytest.importorskip("torch")

CASES = {
    np.reshape: [
        (lambda x: np.reshape(x, (3, -1)), lambda x: x.reshape(3, -1), [(2, 3)]),
        (lambda x: np.reshape(x, 6), lambda x: x.reshape(6), [(2, 3)]),
        (lambda x: np.reshape(x, shape=[3, 2]), lambda x: x.reshape(3, 2), [(2, 3)]),
        (lambda x: np.reshape(x, np.array([3, 2])), lambda x: x.reshape(3, 2), [(2, 3)]),
        (lambda x: np.reshape(x, (2, -1)), lambda x: x.reshape(2, 0), [(2, 0)]),
        (lambda x: np.reshape(x, (5, 0, 2)), lambda x: x.reshape(5, 0, 2), [(0,)]),
        (lambda x: np.reshape(x, ()), lambda x: x.reshape(()), [(1, 1)]),
        (lambda x: np.reshape(x, -1), lambda x: x.reshape(1), [()]),
    ],
    np.ravel: [
        (np.ravel, lambda x: x.reshape(-1), [(2, 3)]),
        (np.ravel, lambda x: x.reshape(-1), [(2, 0)]),
        (lambda x: np.ravel(x.T), lambda x: x.T.reshape(-1), [(2, 3)]),
        (np.ravel, lambda x: x.reshape(-1), [()]),
    ],
    np.squeeze: [
        (np.squeeze, torch.squeeze, [(1, 3, 1)]),
        (lambda x: np.squeeze(x, axis=-1), lambda x: torch.squeeze(x, -1), [(1, 3, 1)]),
        (lambda x: np.squeeze(x, axis=(0, 2)), torch.squeeze, [(1, 3, 1)]),
        (lambda x: np.squeeze(x, axis=()), lambda x: x * 1, [(1, 2)]),
        (np.squeeze, torch.squeeze, [(1, 0)]),
    ],
    np.expand_dims: [
        (lambda x: np.expand_dims(x, -1), lambda x: x.unsqueeze(-1), [(2, 3)]),
        (lambda x: np.expand_dims(x, axis=(0, -2)), lambda x: x[None, :, None, :], [(2, 3)]),
        (lambda x: np.expand_dims(x, 0), lambda x: x[None], [()]),
        (lambda x: np.expand_dims(x, [1]), lambda x: x[:, None], [(0,)]),
    ],
    np.atleast_1d: [
        (np.atleast_1d, lambda x: x.reshape(1), [()]),
        (np.atleast_1d, lambda x: x * 1, [(2, 3)]),
        (lambda a, b: np.multiply(*np.atleast_1d(a, b)), lambda a, b: (a * b).reshape(1), [(), (1,)]),
    ],
    np.atleast_2d: [
        (np.atleast_2d, lambda x: x.reshape(1, 1), [()]),
        (np.atleast_2d, lambda x: x[None], [(3,)]),
        (np.atleast_2d, lambda x: x[None], [(0,)]),
        (lambda a, b: np.multiply(*np.atleast_2d(a, b)), lambda a, b: a[None] * b, [(3,), (2, 3)]),
    ],
    np.transpose: [
        (np.transpose, lambda x: x.permute(2, 1, 0), [(2, 3, 4)]),
        (lambda x: np.transpose(x, (1, 0, -1)), lambda x: x.permute(1, 0, 2), [(2, 3, 4)]),
        (lambda x: np.transpose(x, axes=[2, 0, 1]), lambda x: x.permute(2, 0, 1), [(2, 1, 0)]),
        (np.transpose, lambda x: x * 1, [(3,)]),
    ],
    np.matrix_transpose: [
        (np.matrix_transpose, lambda x: x.mT, [(2, 3)]),
        (np.matrix_transpose, lambda x: x.mT, [(2, 1, 3)]),
    ],
    np.swapaxes: [
        (lambda x: np.swapaxes(x, 0, -1), lambda x: x.swapaxes(0, -1), [(2, 3, 4)]),
        (lambda x: np.swapaxes(x, axis1=1, axis2=1), lambda x: x * 1, [(2, 3)]),
    ],
    np.moveaxis: [
        (lambda x: np.moveaxis(x, 0, -1), lambda x: x.moveaxis(0, -1), [(2, 3, 4)]),
        (lambda x: np.moveaxis(x, (0, 2), (1, 0)), lambda x: x.moveaxis((0, 2), (1, 0)), [(2, 3, 4)]),
        (lambda x: np.moveaxis(x, [-1, 0], [0, -1]), lambda x: x.moveaxis((-1, 0), (0, -1)), [(2, 0, 4)]),
    ],
    np.broadcast_to: [
        (lambda x: np.broadcast_to(x, (2, 4, 3)), lambda x: x.broadcast_to(2, 4, 3), [(4, 1)]),
        (lambda x: np.broadcast_to(x, 3), lambda x: x.broadcast_to(3), [()]),
        (lambda x: np.broadcast_to(x, (0, 3)), lambda x: x.broadcast_to(0, 3), [(3,)]),
        (lambda x: np.broadcast_to(x, shape=[2, 3]), lambda x: x.broadcast_to(2, 3), [(1, 3)]),
    ],
    np.concatenate: [
        (lambda a, b: np.concatenate([a, b], axis=-1), lambda a, b: torch.cat([a, b], 1), [(2, 3), (2, 1)]),
        (lambda a: np.concatenate([a, [1.0, 2.0], a]), lambda a: torch.cat([a, torch.tensor([1.0, 2]), a]), [(3,)]),
        (lambda a: np.concatenate([a, a], axis=None), lambda a: torch.cat([a, a]).reshape(-1), [(2, 2)]),
        (lambda a: np.concatenate((a[:0], a, a[1:1])), lambda a: a * 1, [(3,)]),
        (lambda a: np.concatenate(a), lambda a: a.reshape(-1), [(2, 3)]),
        (lambda a: np.concatenate([a[::-1], a[::2]]), lambda a: torch.cat([a.flip(0), a[::2]]), [(5,)]),
        (lambda a, b: np.concatenate([a, b], None), lambda a, b: torch.cat([a.reshape(-1), b[None]]), [(2, 2), ()]),
    ],
    np.append: [
        (lambda a, b: np.append(a, b), lambda a, b: torch.cat([a.reshape(-1), b]), [(2, 3), (2,)]),
        (lambda a: np.append(a, 1.0), lambda a: torch.cat([a, torch.ones(1)]), [(2,)]),
        (lambda a: np.append([1.0], a), lambda a: torch.cat([torch.ones(1), a]), [(2,)]),
        (lambda a, b: np.append(a, b, axis=-1), lambda a, b: torch.cat([a, b], 1), [(2, 3), (2, 0)]),
    ],
    np.stack: [
        (lambda a, b: np.stack([a, b], axis=-1), lambda a, b: torch.stack([a, b], -1), [(2, 3), (2, 3)]),
        (lambda a: np.stack([a[0], 1.0, a[1]]), lambda a: torch.stack([a[0], torch.tensor(1.0), a[1]]), [(2,)]),
        (lambda a: np.stack((a, a, a), 1), lambda a: torch.stack([a, a, a], 1), [(0, 2)]),
    ],
    np.hstack: [
        (lambda a, b: np.hstack([a, b]), lambda a, b: torch.hstack([a, b]), [(2,), (3,)]),
        (lambda a, b: np.hstack((a, b)), lambda a, b: torch.hstack([a, b]), [(2, 1), (2, 3)]),
        (lambda a, b: np.hstack([a, 2.0, b]), lambda a, b: torch.stack([a, a * 0 + 2, b]), [(), ()]),
    ],
    np.vstack: [
        (lambda a, b: np.vstack([a, b]), lambda a, b: torch.vstack([a, b]), [(3,), (2, 3)]),
        (lambda a, b: np.vstack([a, b]), lambda a, b: torch.vstack([a, b]), [(0, 2), (1, 2)]),
        (lambda a: np.vstack(a), lambda a: a[:, None], [(3,)]),
    ],
    np.column_stack: [
        (lambda a, b: np.column_stack([a, b]), lambda a, b: torch.column_stack([a, b]), [(3,), (3, 2)]),
        (lambda a: np.column_stack([a, [1.0, 2.0]]), lambda a: torch.stack([a, torch.tensor([1.0, 2])], 1), [(2,)]),
        (lambda a: np.column_stack([a]), lambda a: a.reshape(1, 1), [()]),
    ],
    np.split: [
        (lambda x: np.split(x, 3)[1], lambda x: x[2:4], [(6,)]),
        (lambda x: np.split(x, [1, 3], axis=-1)[2], lambda x: x[:, 3:], [(2, 5)]),
        (lambda x: np.split(x, (2, 2))[1], lambda x: x[2:2], [(4,)]),
        (lambda x: np.split(x, [9])[0], lambda x: x * 1, [(4,)]),
        (lambda x: np.split(x, [-1])[1], lambda x: x[-1:], [(4,)]),
        (lambda x: np.split(x, 2, 1)[0], lambda x: x[:, :0], [(2, 0)]),
    ],
    np.array_split: [
        (lambda x: np.array_split(x, 3)[0], lambda x: x[:3], [(7,)]),
        (lambda x: np.array_split(x, 3, axis=1)[2], lambda x: x[:, 4:], [(2, 5)]),
        (lambda x: np.array_split(x, np.array([1, 2]), axis=-1)[1], lambda x: x[:, 1:2], [(2, 5)]),
        (lambda x: np.array_split(x, 4)[3], lambda x: x[:0], [(3,)]),
    ],
}


def test_every_row_has_a_case():
    assert set(CASES) == {f for f, row in FUNCTIONS.items() if row.__module__ == shapes.__name__}


def test_functions_of_shapes(case, check):
    check(case)


@pytest.mark.parametrize("sections", [1, 2, 3, 7, 9, [2, 5], [0, 7, 9], [5, 2], [-2]])
def test_all_parts_of_a_split(sections):
    x = np.arange(7.0)
    ours = trace(lambda x: np.array_split(x, sections), x)(x)
    assert [part.tolist() for part in ours] == [part.tolist() for part in np.array_split(x, sections)]
