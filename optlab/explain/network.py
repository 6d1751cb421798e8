"""A multilayer perceptron for the four equations: its activations and losses with their derivatives.

Layer 1 consists of the inputs, layer L of the outputs. The first entry of the lists `weights` and `biases` belongs to
layer 2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optlab.engine import relu, sigmoid
from optlab.plugins.problems.networks import mlp


@dataclass(frozen=True)
class Activation:
    """a = f(z), and its derivative as a function of z and a; `formula` is the derivative as text."""

    f: Callable[[Any], Any]
    slope: Callable[[Any, Any], Any]
    formula: str


ACTIVATIONS = {
    "sigmoid": Activation(sigmoid, lambda z, a: a * (1 - a), "a (1 - a)"),
    "tanh": Activation(np.tanh, lambda z, a: 1 - a**2, "1 - a^2"),
    "relu": Activation(relu, lambda z, a: np.where(z > 0, 1.0, 0.0), "1 where z > 0, else 0"),
    "linear": Activation(lambda z: z, lambda z, a: np.ones_like(z), "1"),
}


@dataclass(frozen=True)
class Loss:
    """grad_a C as a function of the outputs a and the targets y, and the formulas of C and grad_a C."""

    slope: Callable[[Any, Any], Any]
    cost_formula: str
    slope_formula: str


def softmax(z: Any) -> Any:
    """exp(z_j) / sum_k exp(z_k), without overflow."""
    powers = np.exp(z - np.max(z))
    return powers / np.sum(powers)


LOSSES = {
    "half_squared_error": Loss(lambda a, y: a - y, "1/2 sum_j (y_j - a_j)^2", "a - y"),
    "mean_squared_error": Loss(lambda a, y: 2 * (a - y) / len(y), "1/n sum_j (y_j - a_j)^2", "2 (a - y) / n"),
    "cross_entropy": Loss(
        lambda a, y: softmax(a) - y, "log sum_j exp(a_j) - sum_j y_j a_j", "p - y, where p = softmax(a)"
    ),
}


def cost(loss: str, a: Any, y: Any) -> Any:
    """C of one example, as defined for the multilayer perceptron of optlab."""
    return mlp.LOSSES[loss](a[None], y[None])


def forward(weights: Sequence[Any], biases: Sequence[Any], activations: Sequence[str], x: Any) -> tuple[list, list]:
    """z^l = w^l a^(l-1) + b^l and a^l = sigma(z^l) of every layer after the inputs."""
    zs, outputs = [], [x]
    for w, b, name in zip(weights, biases, activations, strict=True):
        zs.append(w @ outputs[-1] + b)
        outputs.append(ACTIVATIONS[name].f(zs[-1]))
    return zs, outputs[1:]


def activations_of(layers: int, activation: str | Sequence[str], output: str | None, loss: str) -> list[str]:
    """The activation of every layer. `activation` is one name for all layers or a list, and `output` replaces the last.

    The loss `cross_entropy` contains the softmax. So if `activation` is one name, the output layer is linear.
    """
    names = [activation] * layers if isinstance(activation, str) else list(activation)
    if output is None and loss == "cross_entropy" and isinstance(activation, str):
        output = "linear"
    return names if output is None else [*names[:-1], output]
