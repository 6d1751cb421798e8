"""Points where derivatives need a decision: kinks, branches that are not taken, and what must stay NaN or infinite.

Each row is a function, a point, and the gradient there.
"""

from __future__ import annotations

import numpy as np

from optlab import grad, logsumexp, relu

KINKS = {
    "abs(0)": (lambda x: abs(x), 0.0, 0.0),
    "relu(0)": (lambda x: relu(x), 0.0, 0.0),
    "maximum, tie": (lambda x: np.maximum(x[0], x[1]), [3.0, 3.0], [0.5, 0.5]),
    "minimum, tie": (lambda x: 3 * np.minimum(x[0], x[1]), [3.0, 3.0], [1.5, 1.5]),
    "max over an axis, ties": (
        lambda x: np.sum(np.max(x, axis=1)),
        [[2.0, 2.0, 1.0, 2.0], [0.0, 5.0, 1.0, 2.0]],
        [[1 / 3, 1 / 3, 0, 1 / 3], [0, 1, 0, 0]],
    ),
    "max of all, ties": (lambda x: np.max(x), [[2.0, 1.0], [2.0, 2.0]], [[1 / 3, 0], [1 / 3, 1 / 3]]),
    "min over an axis, ties": (lambda x: np.min(x), [1.0, 1.0, 5.0], [0.5, 0.5, 0]),
    "clip on a bound": (lambda x: np.sum(np.clip(x, -1, 1)), [-2.0, -1.0, 0.0, 1.0, 2.0], [0.0, 1.0, 1.0, 1.0, 0.0]),
    "norm(0)": (lambda x: np.linalg.norm(x), [0.0, 0.0], [0.0, 0.0]),
    "norm(0) along an axis": (
        lambda x: np.sum(np.linalg.norm(x, axis=1)),
        [[0.0, 0.0], [3.0, 4.0]],
        [[0, 0], [0.6, 0.8]],
    ),
    "std of a constant": (lambda x: np.std(x), [2.0, 2.0, 2.0], [0.0, 0.0, 0.0]),
    "hypot(0, 0)": (lambda x: np.hypot(x[0], x[1]), [0.0, 0.0], [0.0, 0.0]),
    "clip, its bounds": (lambda b: np.clip(1.0, b[0], b[1]), [1.0, 1.0], [0.0, 0.0]),
    "clip, below bounds that meet": (lambda b: np.clip(0.5, b[0], b[1]), [1.0, 1.0], [1.0, 0.0]),
    "clip, above bounds that meet": (lambda b: np.clip(1.5, b[0], b[1]), [1.0, 1.0], [0.0, 1.0]),
    "arctan2(0, 0)": (lambda x: np.arctan2(x[0], x[1]), [0.0, 0.0], [0.0, 0.0]),
    "logaddexp, tie": (lambda x: np.logaddexp(x[0], x[1]), [2.0, 2.0], [0.5, 0.5]),
    "logaddexp, both -inf": (lambda x: np.logaddexp(x[0], x[1]), [-np.inf, -np.inf], [0.5, 0.5]),
    "logaddexp, both inf": (lambda x: np.logaddexp(x[0], x[1]), [np.inf, np.inf], [0.5, 0.5]),
    "logaddexp, one -inf": (lambda x: np.logaddexp(x[0], x[1]), [-np.inf, 1.0], [0.0, 1.0]),
    "sort, ties": (lambda x: np.sum(np.sort(x) * np.array([1.0, 10.0, 100.0])), [2.0, 1.0, 2.0], [10.0, 1.0, 100.0]),
    "remainder at a multiple": (lambda x: np.remainder(x[0], x[1]), [6.0, 3.0], [1.0, -2.0]),
    "fmod at a multiple": (lambda x: np.fmod(x[0], x[1]), [-6.0, 3.0], [1.0, 2.0]),
    "fmod, a quotient just below 6": (lambda x: np.fmod(x[0], x[1]), [48.9, 7.1], [1.0, -6.0]),
    "floor and ceil at a whole number": (lambda x: np.floor(x) + np.ceil(x), 1.0, 0.0),
    "rint at a half": (lambda x: np.rint(x), 0.5, 0.0),
    "trunc(0)": (lambda x: np.trunc(x), 0.0, 0.0),
    "heaviside(0)": (lambda x: np.heaviside(x, 0.5), 0.0, 0.0),
    "prod, one zero": (lambda x: np.prod(x), [0.0, 2.0, 3.0], [6.0, 0.0, 0.0]),
    "det of a singular matrix": (lambda a: np.linalg.det(a), [[1.0, 2.0], [2.0, 4.0]], [[4.0, -2.0], [-2.0, 1.0]]),
    "cbrt(0)": (lambda x: np.cbrt(x), 0.0, np.inf),
    "arcsin(1)": (lambda x: np.arcsin(x), 1.0, np.inf),
    "arccos(-1)": (lambda x: np.arccos(x), -1.0, -np.inf),
    "arccosh(1)": (lambda x: np.arccosh(x), 1.0, np.inf),
    "arctanh(-1)": (lambda x: np.arctanh(x), -1.0, np.inf),
    "sqrt(0)": (lambda x: np.sqrt(x), 0.0, np.inf),
    "sqrt(-0)": (lambda x: np.sqrt(x), -0.0, np.inf),
    "sqrt(-x) at 0": (lambda x: np.sqrt(-x), 0.0, -np.inf),
    "sqrt(c x), x < 0, at c = 0": (lambda c: np.sqrt(c * -2.0), 0.0, -np.inf),
    "(-x)**0.5 at 0": (lambda x: (-x) ** 0.5, 0.0, -np.inf),
    "(-x)**p at 0": (lambda x: np.sum(np.power(-x, np.array([0.5, 0.3]))), [0.0, 0.0], [-np.inf, -np.inf]),
    "cbrt(-x) at 0": (lambda x: np.cbrt(-x), 0.0, -np.inf),
    "logs of -x at 0": (lambda x: np.log(-x) + np.log2(-x) + np.log10(-x), 0.0, -np.inf),
    "log(-0)": (lambda x: np.log(x), -0.0, np.inf),
    "log1p(-x) at 1": (lambda x: np.log1p(-x), 1.0, -np.inf),
    "arcsin(-x) at 1": (lambda x: np.arcsin(-x), 1.0, -np.inf),
    "logsumexp, all -inf": (lambda x: logsumexp(x), [-np.inf, -np.inf], [0.5, 0.5]),
    "logsumexp, one inf": (lambda x: logsumexp(x), [np.inf, 1.0], [1.0, 0.0]),
    "logsumexp, two inf": (lambda x: logsumexp(x), [np.inf, 1.0, np.inf], [0.5, 0.0, 0.5]),
    "sinc(0)": (lambda x: np.sinc(x), 0.0, 0.0),
    "where(x > 0, sqrt(x), 0) at 0": (lambda x: np.where(x > 0, np.sqrt(x), 0.0), 0.0, 0.0),
    "sign(0)": (lambda x: np.sign(x), 0.0, 0.0),
    "x**0 at 0": (lambda x: x**0, 0.0, 0.0),
    "x**2 at 0, as pow": (lambda x: np.sum(np.power(x, np.array([2.0, 1.0]))), [0.0, 0.0], [0.0, 1.0]),
    "x**p at 0, p = 0": (lambda x: np.sum(np.power(x, np.zeros(2))), [0.0, -0.0], [0.0, 0.0]),
    "x**p at 0, p < 1": (lambda x: np.sum(np.power(x, np.array([0.4, 0.6]))), [0.0, 0.0], [np.inf, np.inf]),
    "d/dp d/dx x**p at p = 0": (lambda p: grad(lambda x: np.power(x, p))(2.0), 0.0, 0.5),
    "curvature of logaddexp at a tie": (lambda x: grad(lambda x: np.logaddexp(x, 2.0))(x), 2.0, 0.25),
    "hypot of 1": (lambda x: np.hypot(x[0], x[1]), [0.0, 1.0], [0.0, 1.0]),
    "0**p at p = 0": (lambda p: np.power(0.0, p), 0.0, 0.0),
    "0**p at p > 0": (lambda p: np.power(0.0, p), 2.0, 0.0),
}
"""The table "At kinks" of docs/engine.md, and points next to kinks."""

NONE = np.nan

CURVED = {
    "norm(x)": (lambda x: np.linalg.norm(x), [0.0, 0.0], [[NONE, NONE], [NONE, NONE]]),
    "norm(x)**2": (lambda x: np.linalg.norm(x) ** 2, [0.0, 0.0], [[NONE, NONE], [NONE, NONE]]),
    "norm(x, 3)": (lambda x: np.linalg.norm(x, 3), [0.0, 0.0], [[NONE, NONE], [NONE, NONE]]),
    "std(x)**2": (lambda x: np.std(x) ** 2, [1.0, 1.0], [[NONE, NONE], [NONE, NONE]]),
    "var(x)": (lambda x: np.var(x), [1.0, 1.0], [[0.5, -0.5], [-0.5, 0.5]]),
    "abs(x)": (lambda x: np.abs(x), 0.0, NONE),
    "abs(x)**2": (lambda x: np.abs(x) ** 2, 0.0, NONE),
    "cos(abs(x))": (lambda x: np.cos(np.abs(x)), -0.0, NONE),
    "abs(x) beside 0": (lambda x: np.abs(x) * x, -1.0, -2.0),
    "hypot": (lambda x: np.hypot(x[0], x[1]), [0.0, 0.0], [[NONE, NONE], [NONE, NONE]]),
    "arctan2": (lambda x: np.arctan2(x[0], x[1]), [0.0, 0.0], [[NONE, NONE], [NONE, NONE]]),
    "maximum, tie": (lambda x: np.maximum(x[0], x[1]), [1.0, 1.0], [[NONE, NONE], [NONE, NONE]]),
    "maximum(x, -x)**2": (lambda x: np.maximum(x, -x) ** 2, 0.0, NONE),
    "minimum, no tie": (lambda x: np.minimum(x[0] ** 2, x[1]), [1.0, 2.0], [[2.0, 0.0], [0.0, 0.0]]),
    "max, tie": (lambda x: np.max(x**2), [1.0, 1.0], [[NONE, NONE], [NONE, NONE]]),
    "max, tie of others": (lambda x: np.max(x**2), [1.0, 1.0, 2.0], [[0, 0, 0], [0, 0, 0], [0, 0, 2.0]]),
    "relu(x)**2": (lambda x: relu(x) ** 2, 0.0, 0.0),
    "clip(x)**2 on a bound": (lambda x: np.clip(x, -1.0, 1.0) ** 2, 1.0, 2.0),
    "relu, both sides": (lambda x: (relu(x) + relu(-x)) ** 2, 0.0, 2.0),
    "relu, no side": (lambda x: relu(np.abs(x)) ** 2, 0.0, NONE),
    "clip, both sides of a bound": (lambda x: (np.clip(x, 0.0, 1.0) + np.clip(-x, 0.0, 1.0)) ** 2, 0.0, 2.0),
    "clip, no side of the lower bound": (lambda x: np.clip(np.abs(x), 0.0, 1.0) ** 2, 0.0, NONE),
    "clip, no side of the upper bound": (lambda x: np.clip(-np.abs(x), -1.0, 0.0) ** 2, 0.0, NONE),
    "clip by a kink": (lambda x: np.clip(0.0, -1.0, np.abs(x)) ** 2, 0.0, 0.0),
    "sort, tie": (lambda x: np.sum(np.sort(x) ** 2), [1.0, 1.0], [[2.0, 0.0], [0.0, 2.0]]),
    "sort, both orders": (
        lambda x: (np.sort(np.stack([x, -x]))[1] + np.sort(np.stack([-x, x]))[1]) ** 2,
        0.0,
        8.0,
    ),
    "sqrt(-0)": (lambda x: np.sqrt(x), -0.0, -np.inf),
    "log(-0)": (lambda x: np.log(x), -0.0, -np.inf),
    "prod, two zeros": (lambda x: np.prod(x), [0.0, 0.0, 3.0], [[0, 3.0, 0], [3.0, 0, 0], [0, 0, 0]]),
    "logaddexp, tie": (lambda x: np.logaddexp(x[0], x[1]), [1.0, 1.0], [[0.25, -0.25], [-0.25, 0.25]]),
    "logaddexp, both -inf": (lambda x: np.logaddexp(x[0], x[1]), [-np.inf] * 2, [[0.25, -0.25], [-0.25, 0.25]]),
    "logsumexp, both -inf": (lambda x: logsumexp(x), [-np.inf] * 2, [[0.25, -0.25], [-0.25, 0.25]]),
    "det of a singular matrix": (lambda x: np.linalg.det(x.reshape(2, 2)), [1.0, 1.0, 1.0, 1.0], np.full((4, 4), NONE)),
    "sinc(0)": (lambda x: np.sinc(x), 0.0, -(np.pi**2) / 3),
}
"""Second derivatives where the first is a convention: right, that of the side of the first, or NaN."""

x0 = np.array([-1.0, 0.0, 4.0])
A = np.array([[1.0, 2.0], [3.0, 4.0]])

LOGS = 1 / np.log(2) + 1 / np.log(10)

MASKED = {
    "log": (lambda x: np.sum(np.where(x > 0, np.log(x), 0)), x0, [0, 0, 0.25]),
    "sqrt": (lambda x: np.sum(np.where(x > 0, np.sqrt(x), x)), x0, [1, 1, 0.25]),
    "division": (lambda x: np.sum(np.where(x == 0, 1.0, np.sin(x) / x)), x0[1:2], [0]),
    "reciprocal": (lambda x: np.sum(np.where(x != 0, 1 / x, 0.0)), x0, [-1, 0, -1 / 16]),
    "power": (lambda x: np.sum(np.where(x > 0, x**1.5, 0)), x0, [0, 0, 3]),
    "power of a traced exponent": (lambda x: np.sum(np.where(x > 0, np.power(x, x / 4), 0)), x0, [0, 0, 1 + np.log(4)]),
    "overflowing exp": (lambda x: np.sum(np.where(x < 5, x, np.exp(1000 * x) - np.exp(999 * x))), x0, [1, 1, 1]),
    "deep chain": (lambda x: np.sum(np.where(x > 0, np.tanh(np.sqrt(np.log(x))), 0)), x0[:2], [0, 0]),
    "nested": (
        lambda x: np.sum(np.where(x > 0, np.where(x > 1, np.log(x - 1), np.sqrt(x - 9)), 0)),
        x0,
        [0, 0, 1 / 3],
    ),
    "where of where": (lambda x: np.sum(np.log(np.where(x > 0, np.sqrt(np.where(x > 0, x, 1)), 1))), x0, [0, 0, 1 / 8]),
    "both branches": (lambda x: np.sum(np.where(x > 0, np.log(x), np.log(1 - x))), x0, [-0.5, -1, 0.25]),
    "sum": (lambda x: np.where(x[0] > 0, np.sum(np.log(x)), 0.0), x0, [0, 0, 0]),
    "mean of sqrt": (lambda x: np.where(x[2] < 0, np.mean(np.sqrt(x)), x[2]), x0, [0, 0, 1]),
    "row sums": (
        lambda x: np.sum(np.where(x[:, 0] > 0, np.sum(np.log(x), axis=1), 0.0)),
        np.array([[0.0, 1.0], [2.0, 4.0]]),
        [[0, 0], [0.5, 0.25]],
    ),
    "max": (lambda x: np.where(x[0] > 0, np.max(np.log(x)), 0.0), x0, [0, 0, 0]),
    "logsumexp": (lambda x: np.where(x[0] > 0, logsumexp(np.log(x)), 0.0), x0, [0, 0, 0]),
    "norm": (lambda x: np.where(x[0] > 0, np.linalg.norm(np.sqrt(x)), x[0]), x0, [1, 0, 0]),
    "dot": (lambda x: np.where(x[0] > 0, np.log(x) @ np.sqrt(x), 0.0), x0, [0, 0, 0]),
    "matrix and vector": (
        lambda x: np.sum(np.where(x > 0, np.stack([np.log(x), np.sqrt(x)], 1) @ np.array([1.0, 4.0]), 0.0)),
        x0,
        [0, 0, 0.25 + 1],
    ),
    "one entry of a product": (
        lambda x: np.sum(np.where(np.array([[True, False]]), A[:1] @ np.stack([x, np.log(x)], 1)[1:], 0.0)),
        x0,
        [0, 1, 2],
    ),
    "indexing and joining": (
        lambda x: np.sum(np.where(x > 0, np.concatenate([np.log(x[:1]), np.sqrt(x)[1:]]), 0.0)),
        x0,
        [0, 0, 0.25],
    ),
    "fancy index": (lambda x: np.sum(np.where(x[[2, 1]] > 0, np.log(x)[[2, 1]], 0.0)), x0, [0, 0, 0.25]),
    "broadcast": (
        lambda x: np.sum(np.where(np.array([[True], [True]]), x, np.log(x) * np.ones((2, 1)))),
        x0[:2],
        [2, 2],
    ),
    "only the operand": (lambda x: np.sum(np.sqrt(np.where(x > 0, x, 0.0))), x0, [0, 0, 0.25]),
    "log2 and log10": (lambda x: np.sum(np.where(x > 0, np.log2(x) + np.log10(x), 0.0)), x0, [0, 0, 0.25 * LOGS]),
    "arcsin outside its domain": (
        lambda x: np.sum(np.where(abs(x) < 1, np.arcsin(x) + np.arccos(x / 2), x)),
        [-3.0, 0.0],
        [1, 0.5],
    ),
    "arccosh and arctanh": (lambda x: np.sum(np.where(x > 1, np.arccosh(x), np.arctanh(x))), [0.0, 1.25], [1, 4 / 3]),
    "arctan2": (lambda x: np.sum(np.where(x == 0, x, np.arctan2(x, np.sqrt(x)))), [0.0, 1.0], [1, 0.25]),
    "logaddexp of infinities": (
        lambda x: np.sum(np.where(x > 0, np.logaddexp(np.log(x), np.log(x)), 0)),
        x0,
        [0, 0, 0.25],
    ),
    "cbrt": (lambda x: np.sum(np.where(x == 0, x, np.cbrt(x))), [0.0, 8.0], [1, 1 / 12]),
    "remainder": (lambda x: np.sum(np.where(x > 0, np.remainder(5.0, x), 0.0)), x0, [0, 0, -1]),
    "solve of a singular matrix": (
        lambda x: np.where(x[0] > 0, np.sum(np.linalg.solve(x[0] * A, x[:2])), x[2]),
        x0 + 1,
        [0, 0, 1],
    ),
    "inv of a singular matrix": (
        lambda x: np.where(x[0] > 0, np.sum(np.linalg.inv(x[0] * A)), x[2]),
        x0 + 1,
        [0, 0, 1],
    ),
    "det": (lambda x: np.where(x[0] > 0, np.log(np.linalg.det(x[0] * A)), x[2]), x0 + 1, [0, 0, 1]),
    "one of two matrices": (
        lambda x: np.sum(np.where(x > 0, np.linalg.inv(x[:, None, None] * np.eye(2))[:, 0, 0], 0.0)),
        [0.0, 2.0],
        [0, -0.25],
    ),
    "cholesky of an indefinite matrix": (
        lambda x: np.sum(np.where(x > 0, np.linalg.cholesky(x[:, None, None] * np.eye(2))[:, 1, 1], 0.0)),
        [-1.0, 4.0],
        [0, 0.25],
    ),
    "two masks of one value": (
        lambda x: (lambda u: np.sum(np.where((x > 0) & (x < 1), u, 0) + np.where(x > 1, 3 * u, 0)))(np.sqrt(x)),
        [-1.0, 0.25, 4.0],
        [0, 1, 0.75],
    ),
    "a product of infinities": (lambda x: np.where(x[0] > 0, x @ x, 0.0), [-1.0, np.inf], [0, 0]),
    "sort": (lambda x: np.where(x[0] > 0, np.sum(np.sort(np.log(x))), x[2]), x0, [0, 0, 1]),
    "sort of rows": (
        lambda x: np.sum(np.where(x[:, :1] > 0, np.sort(np.log(x), axis=1), 0.0)),
        np.array([[0.0, 1.0], [4.0, 2.0]]),
        [[0, 0], [0.25, 0.5]],
    ),
    "cumsum": (lambda x: np.sum(np.where(x > 0, np.cumsum(np.sqrt(x)[::-1])[::-1], 0.0)), x0, [0, 0, 0.25]),
    "prod": (lambda x: np.where(x[0] > 0, np.prod(np.sqrt(x)), x[1]), x0, [0, 1, 0]),
    "einsum": (
        lambda x: np.sum(np.where(x > 0, np.einsum("i,ij->i", np.log(x), np.ones((3, 2))), 0.0)),
        x0,
        [0, 0, 0.5],
    ),
    "norms of other orders": (
        lambda x: np.where(x[0] > 0, np.linalg.norm(np.sqrt(x), 3) + np.linalg.norm(np.log(x), 1), x[2]),
        x0,
        [0, 0, 1],
    ),
    "largest norm": (lambda x: np.where(x[0] > 0, np.linalg.norm(np.log(x), np.inf), x[2]), x0, [0, 0, 1]),
    "roll and flip": (lambda x: np.sum(np.where(x > 0, np.roll(np.flip(np.log(x)), 1), 0.0)), [1.0, 0.0], [1, 0]),
    "sigmoid by hand": (lambda x: np.where(x > 0, 1 / (1 + np.exp(-x)), np.exp(x) / (1 + np.exp(x))), 800.0, 0.0),
}
"""Conditions under which a branch has an infinite derivative, or none."""

HONEST = {
    "log": (lambda x: np.sum(np.log(x)), np.isinf, [0.0, 1.0]),
    "sqrt": (lambda x: np.sum(np.sqrt(x)), np.isinf, [0.0, 1.0]),
    "0 * sqrt": (lambda x: np.sum(0.0 * np.sqrt(x)), np.isnan, [0.0, 1.0]),
    "the branch that is taken": (lambda x: np.sum(np.where(x >= 0, np.sqrt(x), 0.0)), np.isinf, [0.0, 1.0]),
    "a product in the branch that is taken": (
        lambda x: np.sum(np.where(x >= 0, np.stack([x, x]) @ np.log(x), x)),
        np.isnan,
        [0.0, 1.0],
    ),
    "a product with 0 in a matrix product that is taken": (
        lambda x: np.sum(np.where(x[1] > 0, np.stack([np.sqrt(x), x]) @ (x[0] * np.ones((2, 2))), 0.0)),
        np.isnan,
        [0.0, 1.0],
    ),
    "0**p at p < 0": (lambda p: np.sum(np.power(0.0, p)), np.isnan, [-1.0, 1.0]),
    "NaN in": (lambda x: np.sum(x * x), np.isnan, [np.nan, 1.0]),
}
