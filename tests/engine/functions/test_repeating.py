"""Flipping, repeating and padding."""

from __future__ import annotations

import numpy as np
import pytest

from optlab.engine.functions import FUNCTIONS, repeating

torch = pytest.importorskip("torch")


def padded(x, widths, value=0.0):
    return torch.nn.functional.pad(x, widths, value=value)


CASES = {
    np.flip: [
        (np.flip, lambda x: x.flip(0, 1), [(2, 3)]),
        (lambda x: np.flip(x, -1), lambda x: x.flip(1), [(2, 3)]),
        (lambda x: np.flip(x, axis=(0, 2)), lambda x: x.flip(0, 2), [(2, 3, 2)]),
        (lambda x: np.flip(x, axis=()), lambda x: x * 1, [(2, 3)]),
        (np.flip, lambda x: x * 1, [()]),
        (np.flip, lambda x: x * 1, [(0, 1)]),
    ],
    np.roll: [
        (lambda x: np.roll(x, 2), lambda x: x.roll(2), [(5,)]),
        (lambda x: np.roll(x, -1), lambda x: x.roll(-1), [(2, 3)]),
        (lambda x: np.roll(x, 7, axis=-1), lambda x: x.roll(7, -1), [(2, 3)]),
        (lambda x: np.roll(x, (1, -2), axis=(0, 1)), lambda x: x.roll((1, -2), (0, 1)), [(3, 4)]),
        (lambda x: np.roll(x, 1, axis=(0, 1)), lambda x: x.roll((1, 1), (0, 1)), [(3, 4)]),
        (lambda x: np.roll(x, (1, 2), axis=0), lambda x: x.roll(3, 0), [(5, 2)]),
        (lambda x: np.roll(x, [1, 2], axis=[0, 0]), lambda x: x.roll(3, 0), [(5, 2)]),
        (lambda x: np.roll(x, (1, 2)), lambda x: x.roll(3), [(2, 2)]),
        (lambda x: np.roll(x, 0), lambda x: x * 1, [(3,)]),
        (lambda x: np.roll(x, 3), lambda x: x * 1, [(0, 2)]),
        (lambda x: np.roll(x, 1), lambda x: x * 1, [()]),
    ],
    np.repeat: [
        (lambda x: np.repeat(x, 3), lambda x: x.repeat_interleave(3), [(4,)]),
        (lambda x: np.repeat(x, 2), lambda x: x.reshape(-1).repeat_interleave(2), [(2, 3)]),
        (lambda x: np.repeat(x, [2, 0, 1], axis=-1), lambda x: x[:, [0, 0, 2]], [(2, 3)]),
        (lambda x: np.repeat(x, np.array([3]), axis=0), lambda x: x.repeat_interleave(3, 0), [(2, 3)]),
        (lambda x: np.repeat(x, repeats=0), lambda x: x[:0], [(3,)]),
        (lambda x: np.repeat(x, 2, 1), lambda x: x.repeat_interleave(2, 1), [(2, 0)]),
        (lambda x: np.repeat(x, 3), lambda x: x.reshape(1).repeat(3), [()]),
    ],
    np.tile: [
        (lambda x: np.tile(x, 3), lambda x: x.tile(3), [(2,)]),
        (lambda x: np.tile(x, (2, 1, 3)), lambda x: x.tile(2, 1, 3), [(2, 3)]),
        (lambda x: np.tile(x, reps=[2]), lambda x: x.tile(2), [(2, 3)]),
        (lambda x: np.tile(x, (0, 2)), lambda x: x.tile(0, 2), [(2,)]),
        (lambda x: np.tile(x, 2), lambda x: x.tile(2), [()]),
        (lambda x: np.tile(x, (2, 2)), lambda x: x.tile(2, 2), [(0, 3)]),
        (lambda x: np.tile(x, ()), lambda x: x * 1, [(2,)]),
    ],
    np.pad: [
        (lambda x: np.pad(x, 2), lambda x: padded(x, (2, 2)), [(3,)]),
        (lambda x: np.pad(x, (1, 2)), lambda x: padded(x, (1, 2, 1, 2)), [(2, 3)]),
        (lambda x: np.pad(x, ((1, 2), (0, 3))), lambda x: padded(x, (0, 3, 1, 2)), [(2, 3)]),
        (lambda x: np.pad(x, ((1,), (2,))), lambda x: padded(x, (2, 2, 1, 1)), [(2, 3)]),
        (lambda x: np.pad(x, 1, constant_values=4), lambda x: padded(x, (1, 1, 1, 1), 4.0), [(2, 3)]),
        (
            lambda x: np.pad(x, ((1, 0), (2, 1)), "constant", constant_values=((1, 2), (3, 4))),
            lambda x: padded(padded(padded(x, (0, 0, 1, 0), 1.0), (2, 0), 3.0), (0, 1), 4.0),
            [(2, 3)],
        ),
        (lambda x: np.pad(x, (1, 0), constant_values=np.inf), lambda x: padded(x, (1, 0), np.inf), [(2,)]),
        (lambda x: np.pad(x, 0), lambda x: x * 1, [(2,)]),
        (lambda x: np.pad(x, 2), lambda x: padded(x, (2, 2)), [(0,)]),
        (lambda x: np.pad(x, (2, 1), mode="edge"), lambda x: x[[0, 0, 0, 1, 2, 2]], [(3,)]),
        (lambda x: np.pad(x, ((1, 0), (0, 2)), "edge"), lambda x: x[[0, 0, 1]][:, [0, 1, 1, 1]], [(2, 2)]),
        (lambda x: np.pad(x, 2, "reflect"), lambda x: x[[2, 1, 0, 1, 2, 1, 0]], [(3,)]),
        (lambda x: np.pad(x, 2, "symmetric"), lambda x: x[[1, 0, 0, 1, 2, 2, 1]], [(3,)]),
        (lambda x: np.pad(x, (4, 2), "wrap"), lambda x: x[[2, 0, 1, 2, 0, 1, 2, 0, 1]], [(3,)]),
        (lambda x: np.pad(x, 2, "reflect"), lambda x: x[[0] * 5], [(1,)]),
    ],
}


def test_every_row_has_a_case():
    assert set(CASES) == {f for f, row in FUNCTIONS.items() if row.__module__ == repeating.__name__}


def test_repeating_functions(case, check):
    check(case)
