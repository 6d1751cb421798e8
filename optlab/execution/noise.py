"""Noise on what an optimizer receives: on the gradient, or on the loss. The recorded losses are free of it.

The noise of a step is drawn once, before the step. If a rule computes several losses or gradients in one step, they all
have the same noise, as they all have the same minibatch. The draws depend on the experiment's seed, the run's seed and
the step only, so all optimizers get the same noise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from optlab.plugins import signature
from optlab.plugins.signature import Signature

GRADIENT, LOSS = PLACES = ("gradient", "loss")
"""The quantities that can have noise."""


@dataclass(frozen=True, eq=False)
class NoiseKind:
    """A distribution of noise. `function(rng, shape, **numbers)` draws it; `is_factor`: noise multiplies the value.

    Noise that is added does not depend on x. It therefore changes no derivative of the value that it is added to.
    """

    name: str
    function: Callable[..., Any] = field(repr=False)
    signature: Signature = field(repr=False)
    is_factor: bool

    @staticmethod
    def of(function: Callable[..., Any], is_factor: bool = False, **ranges: str) -> NoiseKind:
        read = signature.read(function, kind="noise", given=("rng", "shape"), ranges=ranges)
        return NoiseKind(function.__name__, function, read, is_factor)


def normal(rng: Any, shape: Any, *, scale: float = 0.1) -> Any:
    """z + scale xi, xi standard normal."""
    return scale * rng.standard_normal(shape)


def multiplicative(rng: Any, shape: Any, *, scale: float = 0.1) -> Any:
    """z (1 + scale xi), xi standard normal."""
    return 1.0 + scale * rng.standard_normal(shape)


def student_t(rng: Any, shape: Any, *, scale: float = 0.1, df: float = 3.0) -> Any:
    """z + scale T, T of Student's t distribution with df degrees of freedom, by the polar method (Bailey, 1994).

    For large df these are the formulas of Box and Muller for normal numbers.
    """
    tail, angle = rng.standard_exponential(shape), 2 * np.pi * rng.random(shape)
    return scale * np.sqrt(df * np.expm1(2 * tail / df)) * np.cos(angle)


def cauchy(rng: Any, shape: Any, *, scale: float = 0.1) -> Any:
    """z + scale C, C of the standard Cauchy distribution, which is Student's t with one degree of freedom."""
    return student_t(rng, shape, scale=scale, df=1.0)


def dropout(rng: Any, shape: Any, *, scale: float = 0.1) -> Any:
    """Each entry is 0 with the probability `scale`. The other entries are not scaled up."""
    return np.where(rng.random(shape) < scale, 0.0, 1.0)


KINDS: Mapping[str, NoiseKind] = {
    kind.name: kind
    for kind in (
        NoiseKind.of(normal, scale="[0, inf)"),
        NoiseKind.of(multiplicative, is_factor=True, scale="[0, inf)"),
        NoiseKind.of(student_t, scale="[0, inf)", df="[1, inf)"),
        NoiseKind.of(cauchy, scale="[0, inf)"),
        NoiseKind.of(dropout, is_factor=True, scale="[0, 1)"),
    )
}
"""All kinds by name."""


@dataclass(frozen=True)
class Noise:
    """The noise of a case: its kind, and the quantity that has it, "gradient" or "loss"."""

    kind: NoiseKind
    on: str = GRADIENT

    def drawn(self, rng: Any, shape: Sequence[int], numbers: Mapping[str, Any]) -> StepNoise:
        """The noise of one step, for x of a shape. `numbers` are the options of the kind."""
        value = self.kind.function(rng, shape if self.on == GRADIENT else (), **numbers)
        return StepNoise(self.on, self.kind.is_factor, value)


@dataclass(frozen=True)
class StepNoise:
    """The noise of one step. Without a value it changes nothing.

    The methods return what the optimizer receives instead of the exact loss, gradient, and product of the Hessian and a
    vector. The gradient of a loss with noise is its derivative, and the product is the derivative of the gradient with
    noise along the vector. So noise that is added to the gradient leaves the product exact.
    """

    on: str = ""
    is_factor: bool = False
    value: Any = None

    def on_loss(self, loss: Any) -> Any:
        return self._applied(loss) if self.on == LOSS else loss

    def on_gradient(self, g: Any) -> Any:
        return self._applied(g) if self.on == GRADIENT else g

    def on_product(self, product: Any) -> Any:
        return self._applied(product) if self.on == GRADIENT and self.is_factor else product

    def _applied(self, exact: Any) -> Any:
        return exact * self.value if self.is_factor else exact + self.value
