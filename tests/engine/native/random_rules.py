"""Random update rules: comparisons, conditions and whole numbers as state, `t == 1`, `where`, integers and reductions.

`random_rule` makes (x, m, c, k, t, lr, beta) -> (loss, x, m, c, k): m is of the type of x, c are conditions, k whole
numbers.
"""

from __future__ import annotations

import numpy as np

from optlab import grad, optimizer
from optlab.engine.passes import optimise
from optlab.engine.replay import RUN, SHARED, UNIFORM, Input
from optlab.engine.trace import trace

NUMBERS = (
    *(lambda a, b, c, k: a + b, lambda a, b, c, k: a - b, lambda a, b, c, k: a * b, lambda a, b, c, k: a / b),
    *(lambda a, b, c, k: -a, lambda a, b, c, k: np.abs(a), lambda a, b, c, k: a**2, lambda a, b, c, k: 1 / a),
    *(lambda a, b, c, k: np.sqrt(np.abs(a)), lambda a, b, c, k: np.where(c, a, b), lambda a, b, c, k: np.tanh(a)),
    *(lambda a, b, c, k: np.where(c, a, 1), lambda a, b, c, k: np.where(c, -0.0, b), lambda a, b, c, k: a * c),
    *(lambda a, b, c, k: c - b, lambda a, b, c, k: a * k, lambda a, b, c, k: np.where(c, k, a)),
    *(lambda a, b, c, k: a / np.arange(1, a.size + 1), lambda a, b, c, k: np.where(a, b, 2.5)),
    *(lambda a, b, c, k: a - np.mean(b), lambda a, b, c, k: a * np.sum(c), lambda a, b, c, k: a / np.max(np.abs(b))),
    *(lambda a, b, c, k: np.maximum(a, b), lambda a, b, c, k: a[::-1] + b, lambda a, b, c, k: np.sign(a) * b),
    *(lambda a, b, c, k: a * 1e-310, lambda a, b, c, k: np.minimum(a, np.inf) * 3, lambda a, b, c, k: (a > b) / 2 + a),
)
CONDITIONS = (
    *(lambda a, b, c, d, k, t: a < b, lambda a, b, c, d, k, t: a >= 0, lambda a, b, c, d, k, t: a == b),
    *(lambda a, b, c, d, k, t: a != 0, lambda a, b, c, d, k, t: c & d, lambda a, b, c, d, k, t: c | (a > 0.5)),
    *(lambda a, b, c, d, k, t: ~c, lambda a, b, c, d, k, t: c ^ d, lambda a, b, c, d, k, t: np.logical_and(a, c)),
    *(lambda a, b, c, d, k, t: np.logical_not(a), lambda a, b, c, d, k, t: (t == 1) | c),
    *(lambda a, b, c, d, k, t: (t % 2 == 0) & c, lambda a, b, c, d, k, t: k > 2, lambda a, b, c, d, k, t: c == d),
    *(lambda a, b, c, d, k, t: np.where(c, d, a > 0), lambda a, b, c, d, k, t: c < np.isfinite(a)),
    *(lambda a, b, c, d, k, t: c & (np.sum(a) > 0), lambda a, b, c, d, k, t: c != (k == 1)),
)
WHOLE = (
    *(lambda k, j, c: k + 1, lambda k, j, c: k - j, lambda k, j, c: np.where(c, k, j), lambda k, j, c: k + c),
    *(lambda k, j, c: np.abs(k), lambda k, j, c: np.where(c, 0, k), lambda k, j, c: np.maximum(k, 3)),
    *(lambda k, j, c: k * 0 + np.sum(c), lambda k, j, c: np.minimum(k * j, 50)),
)


def random_body(rng, dim):
    """(x, g, m, c, k, t, beta) -> (step, m, c, k), drawn from the expressions above; the same at each call."""
    state = rng.bit_generator.state

    def body(x, g, m, c, k, t, beta):
        again = np.random.default_rng(0)
        again.bit_generator.state = state
        pick = lambda pool: pool[again.integers(0, len(pool))]  # noqa: E731
        numbers, conditions, whole = [g, x, m, g * 1.0], [c, c, t == 1], [k, k, np.arange(dim)]
        for _ in range(7):
            a, b, c, d = pick(numbers), pick(numbers), pick(conditions), pick(conditions)
            conditions.append(pick(CONDITIONS)(a, b, c, d, pick(whole), t))
            numbers.append(pick(NUMBERS)(a, b, conditions[-1], pick(whole)))
            whole.append(pick(WHOLE)(pick(whole), pick(whole), pick(conditions)))
        m = beta * m + (1 - beta) * (numbers[-1] + 0.25 * numbers[-2])
        step = np.where(np.isfinite(m) & conditions[-1], m / (1 + np.abs(m)), g) * np.where(t == 1, 0.1, 1.0)
        stretched = [np.zeros(dim, int), np.zeros(dim, bool)]
        return step, m, conditions[-2] | stretched[1], whole[-1] + stretched[0]

    return body


def random_optimizer(seed, dim):
    """A random rule as an optimizer for functions with this number of parameters; see `random_rule`."""
    body = random_body(np.random.default_rng(seed), dim)
    no_conditions, no_numbers = (lambda x: np.zeros(x.shape, bool)), (lambda x: np.zeros(x.shape, np.int64))

    @optimizer
    def random_rule(x, g, m=0.0, c=no_conditions, k=no_numbers, *, t, lr=0.01, beta=0.9):
        """A random rule."""
        step, *after = body(x, g, m, c, k, t, beta)
        m, c, k = (v.astype(old.dtype) for v, old in zip(after, (x, c, k), strict=True))
        return x - lr * step, m, c, k

    return random_rule


def random_rule(seed, dtype=np.float64):
    """A graph, the kinds of its inputs, and its first inputs for some runs."""
    rng = np.random.default_rng(seed)
    dim, runs = int(rng.integers(1, 6)), int(rng.integers(1, 20))
    beta_kind = (RUN, UNIFORM)[seed % 2]
    body = random_body(rng, dim)

    def rule(x, m, c, k, t, lr, beta):
        g = grad(lambda p: np.sum(p**2 * (1 + np.arange(dim)) + np.tanh(p)) / dim)(x)
        step, *after = body(x, g, m, c, k, t, beta)
        return [x - lr * step, *after]

    def whole_step(x, m, c, k, t, lr, beta):
        loss = np.sum(x**2)
        after = rule(x, m, c, k, t, lr, beta)
        kept = [v.astype(old.dtype) for v, old in zip(after, (x, m, c, k), strict=True)]
        return [loss, *kept]

    one = np.ones((), dtype)
    start = [np.zeros(dim, dtype), np.zeros(dim, dtype), np.zeros(dim, bool), np.zeros(dim, np.int64)]
    graph = optimise(trace(whole_step, *start, one, one, one))
    inputs = [Input(RUN, carry=n) for n in range(1, len(start) + 1)]
    inputs += [Input(SHARED), Input(RUN, changes=False), Input(beta_kind, changes=False)]
    x, m = rng.normal(size=(2, dim, runs))
    first = [x, m, rng.random((dim, runs)) < 0.5, rng.integers(-3, 4, (dim, runs))]
    lr = 10.0 ** rng.uniform(-4, -1, size=runs)
    return graph, inputs, first, lr, (rng.uniform(0.1, 0.99, size=runs) if beta_kind == RUN else np.array(0.9))
