"""The problems on which two implementations of a rule are compared, for many runs at once.

Two programs that add in a different order differ in the last digit. If a rule oscillates around a minimum, as Adam does
when gradients vanish, this difference grows from step to step until the results are not comparable. So each gradient
has noise, as from minibatches, which is the same for both programs. Then steps keep their size, and the difference does
not grow.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

DIM, EXAMPLES = 6, 12


@dataclass(frozen=True)
class Trials:
    """Runs as rows, each with its own loss: a quadratic, logistic or Rosenbrock function with noise.

    f_t(p) = q/2 (p - c)^T H (p - c) + l mean(log(1 + exp(-A p)))
             + r sum(5 (p[1:] - p[:-1]^2)^2 + (1 - p[:-1])^2) + n_t^T p
    """

    starts: Array
    hessian: Array
    centre: Array
    examples: Array
    weights: Array
    """q, l and r of each run."""
    noise: Array
    """n of each run and step."""

    def loss(self, step: int, p: Array) -> Any:
        """The loss of each row, as a column; for a vector p, a number."""
        q, logistic, r = self.weights.T[..., None]
        x = np.reshape(p, self.starts.shape)
        away = x - self.centre
        margins = np.einsum("rkd,rd->rk", self.examples, x)
        total = 0.5 * q * np.einsum("rd,rde,re->r", away, self.hessian, away)[:, None]
        total = total + logistic * np.mean(np.logaddexp(0.0, -margins), axis=1, keepdims=True)
        valley = 5 * (x[:, 1:] - x[:, :-1] ** 2) ** 2 + (1 - x[:, :-1]) ** 2
        total = total + r * np.sum(valley, axis=1, keepdims=True)
        total = total + np.sum(self.noise[:, step] * x, axis=1, keepdims=True)
        return total if np.ndim(p) > 1 else float(total[0, 0])

    def grad(self, step: int, p: Array) -> Array:
        """The gradient of each row at its own point, in the shape of p."""
        q, logistic, r = self.weights.T[..., None]
        x = np.reshape(p, self.starts.shape)
        pull = -1 / (1 + np.exp(np.einsum("rkd,rd->rk", self.examples, x)))
        g = q * np.einsum("rde,re->rd", self.hessian, x - self.centre)
        g = g + logistic * np.einsum("rk,rkd->rd", pull, self.examples) / EXAMPLES
        rise = 10 * (x[:, 1:] - x[:, :-1] ** 2)
        valley = np.zeros_like(x)
        valley[:, 1:] += rise
        valley[:, :-1] -= 2 * x[:, :-1] * rise + 2 * (1 - x[:, :-1])
        return np.reshape(g + r * valley + self.noise[:, step], np.shape(p))

    def one_by_one(self) -> Iterator[Trials]:
        """Each run alone."""
        for n in range(len(self.starts)):
            yield Trials(*(part[n : n + 1] for part in astuple(self)))


def trials(seeds: int, steps: int) -> Trials:
    """Each of the three problems with `seeds` different data and starts. The numbers are the same at every call."""
    rng = np.random.default_rng(20260)
    runs = 3 * seeds
    rotation = np.linalg.qr(rng.normal(size=(runs, DIM, DIM)))[0]
    return Trials(
        starts=rng.uniform(-1.5, 1.5, size=(runs, DIM)),
        hessian=rotation * np.geomspace(0.05, 5, DIM) @ rotation.swapaxes(1, 2),
        centre=rng.normal(size=(runs, DIM)),
        examples=rng.normal(size=(runs, EXAMPLES, DIM)),
        weights=np.repeat(np.diag([1.0, 5.0, 0.1]), seeds, axis=0),
        noise=rng.normal(size=(runs, steps + 1, DIM)),
    )
